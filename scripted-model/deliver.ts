// Sends a response as long as somebody listens.
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Step } from "./steps.ts";

export async function deliver(response: ServerResponse, steps: Iterable<Step>): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  try {
    for (const step of steps) {
      if (gone.signal.aborted) return;
      await take(step, response, gone.signal);
    }
    response.end();
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
}

async function take(step: Step, response: ServerResponse, signal: AbortSignal): Promise<void> {
  switch (step.do) {
    case "send":
      if (!response.write(step.text)) await once(response, "drain", { signal });
      return;
    case "wait":
      await sleep(step.ms, undefined, { signal });
      return;
    case "cut":
      if (!response.headersSent) response.socket?.resetAndDestroy();
      else response.write("", () => response.destroy());
      await once(response, "close");
      return;
    case "hang":
      if (response.headersSent) response.flushHeaders();
      await once(response, "close");
  }
}
