// When an effect in progress stops.
import type { Context } from "@temporalio/activity";

export interface StopSwitch {
  readonly signal: AbortSignal;
  /** One more attempt that waits for the effect. */
  join(attempt: Pick<Context, "cancellationSignal" | "cancellationDetails">): void;
}

/**
 * An attempt that is cancelled, or whose worker stops, stops the effect. One that the server has
 * only lost sight of may be followed by another that joins it, so the effect goes on for a while.
 */
export function createStopSwitch(rejoinMs = 15_000): StopSwitch {
  const controller = new AbortController();
  let waiting = 0;
  const leave = (reason: unknown, lost: boolean): void => {
    waiting -= 1;
    if (!lost) return controller.abort(reason);
    setTimeout(() => waiting === 0 && controller.abort(reason), rejoinMs).unref();
  };
  return {
    signal: controller.signal,
    join(attempt) {
      waiting += 1;
      const { cancellationSignal: signal } = attempt;
      const onAbort = (): void => {
        const { notFound, timedOut, cancelRequested } = attempt.cancellationDetails ?? {};
        leave(signal.reason, (notFound || timedOut) === true && cancelRequested !== true);
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    },
  };
}
