// The next answer of the model, whatever it takes.
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
} from "@temporalio/workflow";
import { type ModelTrouble, toModelTrouble } from "../protocol/failures.ts";
import { cutText } from "../protocol/text.ts";
import type { ModelAnswer } from "../protocol/turn.ts";
import { type Agent, tell } from "./agent.ts";
import { enter } from "./display.ts";
import { reasonBytes, TaskFailure } from "./envelope.ts";
import { holdsWords } from "./inbox.ts";
import { reportResumed, reportWaiting } from "./parent.ts";
import { callOnce } from "./model-call.ts";
import { mustRoll } from "./roll.ts";
import { passResume } from "./slots.ts";
import { rebuild } from "./generations.ts";

/** An answer, or nothing when something comes first: a note, a message, the end, a roll. */
export async function nextAnswer(agent: Agent): Promise<ModelAnswer | undefined> {
  const { state } = agent;
  try {
    const answer = await callOnce(agent);
    if (state.parked > 0) resume(agent);
    return answer;
  } catch (error) {
    if (isCancellation(error)) {
      if (!agent.run.interrupted || CancellationScope.current().consideredCancelled) throw error;
      return undefined;
    }
    const trouble = toTrouble(error);
    if (trouble.kind === "rebuild" && !state.rebuilt) {
      state.rebuilt = true;
      rebuild(agent, trouble);
    } else if (trouble.kind === "stop" || trouble.kind === "rebuild") {
      throw new TaskFailure("error", trouble.message);
    } else await park(agent, trouble);
    return undefined;
  }
}

export interface Trouble {
  readonly kind: ModelTrouble;
  readonly type: string;
  readonly message: string;
  readonly backend?: string;
}

export function toTrouble(error: unknown): Trouble {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  const words = cause instanceof Error ? cause.message : String(cause);
  const message = cutText(words, reasonBytes);
  if (!(cause instanceof ApplicationFailure)) return { kind: "park", type: "Timeout", message };
  const type = cause.type ?? "Error";
  const detail = cause.details?.[0] as { backend?: unknown } | undefined;
  return {
    kind: toModelTrouble(type, cause.nonRetryable ?? false),
    type,
    message,
    ...(typeof detail?.backend === "string" && { backend: detail.backend }),
  };
}

/** Waits for the model to come back: a probe's time, somebody's words, or `resume`. */
async function park(agent: Agent, trouble: Trouble): Promise<void> {
  const { state, settings } = agent;
  const waitingOn = trouble.kind === "quota" ? ("quota" as const) : ("model" as const);
  const next =
    trouble.kind === "quota"
      ? "It goes on after `bosun resume`, or with the next message."
      : "It is tried again by itself, and at once with the next message.";
  announce(agent, waitingOn, `${trouble.message} ${next}`);
  const wait = settings.limits.probeMs * 2 ** Math.min(state.parked, 10);
  state.parked += 1;
  const probes = agent.run.probes;
  const woken = (): boolean =>
    agent.run.probes > probes || state.ending || holdsWords(state.inbox) || mustRoll(agent);
  if (trouble.kind === "quota") return await condition(woken);
  const most = Math.min(settings.limits.probeMaxMs, wait);
  await condition(woken, Math.round(most * (0.9 + 0.2 * Math.random())));
}

/** Said once: a probe that fails the same way is no news. */
function announce(agent: Agent, waitingOn: "model" | "quota", why: string): void {
  if (agent.state.phase.status === "waiting" && agent.state.why === why) return;
  tell(agent, { type: "trouble", text: why });
  enter(agent, { status: "waiting", waitingOn: [waitingOn] }, why);
  reportWaiting(agent, [waitingOn], why);
}

/** The model is back, for this agent and so for its tasks. */
function resume(agent: Agent): void {
  agent.state.parked = 0;
  enter(agent, { status: agent.role === "supervisor" ? "thinking" : "running" });
  reportResumed(agent);
  passResume(agent);
}
