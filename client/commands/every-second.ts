// Something done every second, until Ctrl-C.
import { setTimeout as sleep } from "node:timers/promises";
import { onInterrupt } from "../installation/interrupts.ts";

export async function everySecond(work: () => Promise<void>): Promise<void> {
  const interrupted = new AbortController();
  const { signal } = interrupted;
  const stopListening = onInterrupt(
    () => interrupted.abort(),
    () => process.exit(130),
  );
  try {
    for (;;) {
      await sleep(1_000, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await work();
    }
  } finally {
    stopListening();
  }
}
