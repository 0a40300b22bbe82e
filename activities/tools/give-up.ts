// A tool that does not come back, given up.
import { setTimeout as sleep } from "node:timers/promises";
import { whenAborted } from "../when-aborted.ts";

/** Before Temporal's own timeout, which would call the tool again. */
const beforeTimeoutMs = 5_000;
/** How long a tool may take to heed its cancellation. */
const settleMs = 10_000;

export interface Patience {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly settleMs?: number;
}

/** What the work comes to, or what `lost` makes of it when it neither ends in time nor heeds the signal. */
export async function giveUp<Result>(
  work: Promise<Result>,
  { signal, timeoutMs, ...more }: Patience,
  lost: (why: "time" | "cancelled") => Result,
): Promise<Result> {
  const done = new AbortController();
  const late = sleep(Math.max(1, timeoutMs - beforeTimeoutMs), "time" as const, {
    signal: done.signal,
  });
  const deaf = whenAborted(signal, done.signal).then(() =>
    sleep(more.settleMs ?? settleMs, "cancelled" as const, { signal: done.signal }),
  );
  const ends = [late, deaf].map((end) => end.then(lost));
  for (const end of ends) end.catch(() => undefined);
  try {
    return await Promise.race([work, ...ends]);
  } finally {
    done.abort();
  }
}
