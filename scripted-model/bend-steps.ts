// The faults of the line: good messages that arrive badly.
import { ApiError, toErrorBody } from "./api-error.ts";
import type { Fault, LineFault } from "./faults.ts";
import { event, type Step, type Timing } from "./steps.ts";

export function bendTiming(timing: Timing, fault: Fault | undefined): Timing {
  return fault?.type === "slow" ? { ...timing, paceMs: fault.paceMs } : timing;
}

export function bendSteps(
  steps: Iterable<Step>,
  fault: LineFault,
  requestId: string,
): Iterable<Step> {
  switch (fault.type) {
    case "silence":
      return cutAfter(steps, fault.afterEvents, [{ do: "hang" }]);
    case "clean_eof":
      return cutAfter(steps, fault.afterEvents, []);
    case "stream_error": {
      const error = new ApiError(200, "scripted fault: stream_error", { type: fault.errorType });
      return cutAfter(steps, fault.afterEvents, [event("error", toErrorBody(error, requestId))]);
    }
    case "pings":
      return pingFirst(steps, fault.count ?? Infinity, fault.everyMs);
    case "drop":
      return dropAfter(steps, fault.afterBytes);
    case "broken_json": {
      const text = 'event: content_block_delta\ndata: {"scripted": nonsense\n\n';
      return cutAfter(steps, fault.afterEvents, [{ do: "send", text }]);
    }
    case "unknown_event":
      return surprise(steps);
    case "hold":
      return holdLast(steps, fault.ms);
    case "slow":
    case "reset":
    case "no_answer":
      return steps;
  }
}

function* cutAfter(
  steps: Iterable<Step>,
  events: number,
  ending: readonly Step[],
): Generator<Step> {
  let left = events;
  for (const step of steps) {
    if (step.do === "send" && left-- === 0) break;
    yield step;
  }
  yield* ending;
}

/** After the first two events, `message_start` and the usual `ping`. */
function* pingFirst(steps: Iterable<Step>, count: number, everyMs: number): Generator<Step> {
  let sent = 0;
  for (const step of steps) {
    yield step;
    if (step.do !== "send" || ++sent !== 2) continue;
    for (let at = 0; at < count; at += 1) {
      yield { do: "wait", ms: everyMs };
      yield event("ping", {});
    }
  }
}

function* dropAfter(steps: Iterable<Step>, bytes: number): Generator<Step> {
  let left = bytes;
  for (const step of steps) {
    if (step.do !== "send") {
      yield step;
      continue;
    }
    const frame = Buffer.from(step.text);
    if (frame.length >= left) {
      yield { do: "send", text: frame.subarray(0, left).toString() };
      break;
    }
    left -= frame.length;
    yield step;
  }
  yield { do: "cut" };
}

function* surprise(steps: Iterable<Step>): Generator<Step> {
  let sent = 0;
  for (const step of steps) {
    yield step;
    if (step.do === "send" && ++sent === 2) yield event("scripted_surprise", { note: "ignore me" });
  }
}

function* holdLast(steps: Iterable<Step>, ms: number): Generator<Step> {
  const all = [...steps];
  yield* all.slice(0, -1);
  yield { do: "wait", ms };
  yield* all.slice(-1);
}
