// Tools that neither end nor stop.
import { ActivityCancellationDetails } from "@temporalio/common";
import { expect, test } from "vitest";
import { giveUp } from "../../activities/tools/give-up.ts";
import { createStopSwitch } from "../../activities/commands/stop-switch.ts";

const never = new Promise<string>(() => undefined);
const lost = (): string => "lost";
const calm = new AbortController().signal;

test("a tool that does not end is given up before Temporal would call it again", async () => {
  const given = giveUp(never, { signal: calm, timeoutMs: 5_020 }, (why) => `lost by ${why}`);
  expect(await given).toBe("lost by time");
});

test("a tool that ignores its cancellation does not hold its slot for ever", async () => {
  const patience = { timeoutMs: 60_000, settleMs: 20 };
  const cancelled = AbortSignal.abort(new Error("cancelled"));
  const given = giveUp(never, { ...patience, signal: cancelled }, (why) => `lost by ${why}`);
  expect(await given).toBe("lost by cancelled");
  const failing = giveUp(never, { ...patience, signal: cancelled }, () => {
    throw cancelled.reason;
  });
  await expect(failing).rejects.toThrow("cancelled");
});

test("a tool that ends is heard, also after it was cancelled", async () => {
  const patience = { timeoutMs: 60_000, settleMs: 10_000, signal: AbortSignal.abort() };
  expect(await giveUp(Promise.resolve("done"), patience, lost)).toBe("done");
  await expect(giveUp(Promise.reject(new Error("no")), patience, lost)).rejects.toThrow("no");
});

function newAttempt() {
  const controller = new AbortController();
  let details: ActivityCancellationDetails | undefined;
  return {
    attempt: {
      cancellationSignal: controller.signal,
      get cancellationDetails() {
        return details;
      },
    },
    end(given: ConstructorParameters<typeof ActivityCancellationDetails>[0]) {
      details = new ActivityCancellationDetails(given);
      controller.abort(new Error("ended"));
    },
  };
}

test.each([{ cancelRequested: true }, { workerShutdown: true }, { paused: true }])(
  "an attempt that ends by %j stops the effect at once",
  (details) => {
    const stop = createStopSwitch(60_000);
    const first = newAttempt();
    stop.join(first.attempt);
    expect(stop.signal.aborted).toBe(false);
    first.end(details);
    expect(stop.signal.aborted).toBe(true);
  },
);

test.each([{ notFound: true }, { timedOut: true }])(
  "an attempt that the server has lost (%j) leaves the effect to the next one, for a while",
  async (details) => {
    const joined = createStopSwitch(20);
    const alone = createStopSwitch(20);
    for (const stop of [joined, alone]) {
      const first = newAttempt();
      stop.join(first.attempt);
      first.end(details);
    }
    const second = newAttempt();
    joined.join(second.attempt);
    expect(alone.signal.aborted).toBe(false);
    await expect.poll(() => alone.signal.aborted).toBe(true);
    expect(joined.signal.aborted).toBe(false);
    second.end({ cancelRequested: true });
    expect(joined.signal.aborted).toBe(true);
  },
);
