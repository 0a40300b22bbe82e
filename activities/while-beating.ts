// Heartbeats: they carry progress out and a cancellation in.
import { Context } from "@temporalio/activity";
import { hasJustBegun } from "./has-just-begun.ts";

/** Cancellation arrives with the answer to a beat, so beats are frequent: 8.3 s at 10 s, 0.24 s at this. */
const beatMs = 500;

/**
 * Beats while the work lasts. What ends at once does so without a beat, for each one is a write, unless
 * the attempt may be an old one: then the answer to the first beat says so and cancels it.
 */
export async function whileBeating<Result>(
  work: () => Promise<Result>,
  details: () => unknown = () => undefined,
): Promise<Result> {
  const { heartbeat } = Context.current();
  if (!hasJustBegun()) heartbeat(details());
  const timer = setInterval(() => heartbeat(details()), beatMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
