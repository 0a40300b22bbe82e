// Whether the attempt that runs here is surely the one that counts.
import { Context } from "@temporalio/activity";

/** At most so long after it was scheduled an attempt is taken for the newest one. */
const freshMs = 10_000;
/** The server tells when it was scheduled, so the two clocks may not differ by more. */
const skewMs = 1_000;

/**
 * True while this attempt cannot have been given up: that takes a beat that was missed. A worker that
 * stood still, or had no network, begins attempts that others have made meanwhile.
 */
export function hasJustBegun(): boolean {
  const { currentAttemptScheduledTimestampMs: since, heartbeatTimeoutMs = 0 } =
    Context.current().info;
  const age = Date.now() - since;
  return age > -skewMs && age < Math.min(freshMs, heartbeatTimeoutMs / 2);
}
