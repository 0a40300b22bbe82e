// The next answer of the model, whatever it takes.
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  proxyActivities,
  workflowInfo,
} from "@temporalio/workflow";
import type { ModelActivities } from "../protocol/activities.ts";
import { type ModelTrouble, toModelTrouble } from "../protocol/failures.ts";
import { toQueues } from "../protocol/ids.ts";
import { cutText } from "../protocol/text.ts";
import type { ModelAnswer } from "../protocol/turn.ts";
import { type Agent, modelOf, tell } from "./agent.ts";
import { toDigest } from "./digest.ts";
import { enter, publish } from "./display.ts";
import { TaskFailure } from "./envelope.ts";
import { reportWaiting, reportResumed } from "./parent.ts";
import { append, beginGeneration, toUserMessage } from "./transcript.ts";

/** An answer, or nothing when a note broke the call off or a parked agent has something new to say. */
export async function nextAnswer(agent: Agent): Promise<ModelAnswer | undefined> {
  let attempts = agent.settings.limits.modelAttempts;
  for (let parked = 0; ; parked += 1) {
    try {
      const answer = await callOnce(agent, attempts);
      if (parked > 0) resume(agent);
      return answer;
    } catch (error) {
      if (isCancellation(error)) {
        if (!agent.run.interrupted || CancellationScope.current().consideredCancelled) throw error;
        return undefined;
      }
      const trouble = toTrouble(error);
      if (trouble.kind === "rebuild" && !agent.state.rebuilt) {
        rebuild(agent, trouble);
        return undefined;
      }
      if (trouble.kind === "stop" || trouble.kind === "rebuild") {
        throw new TaskFailure("error", trouble.message);
      }
      const before = agent.state.inbox.length;
      await park(agent, trouble, parked);
      attempts = 1;
      if (agent.state.ending || agent.state.inbox.length > before) return undefined;
    }
  }
}

async function callOnce(agent: Agent, attempts: number): Promise<ModelAnswer> {
  const { state, settings, run } = agent;
  const { limits } = settings;
  const queues = toQueues(settings.installation);
  const forPerson = agent.role === "supervisor" && state.answering.length > 0;
  const { callModel } = proxyActivities<ModelActivities>({
    taskQueue: forPerson ? queues.now : queues.models,
    startToCloseTimeout: limits.modelTimeoutMs,
    scheduleToCloseTimeout: limits.modelTotalMs,
    heartbeatTimeout: limits.modelHeartbeatMs,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: limits.modelRetryMs,
      backoffCoefficient: 2,
      maximumInterval: Math.max(limits.modelRetryMs, limits.modelRetryMaxMs),
      maximumAttempts: attempts,
    },
    priority: {
      priorityKey: forPerson ? 1 : agent.role === "supervisor" ? 2 : 4,
      fairnessKey: agent.rootId.slice(0, 64),
    },
  });
  enterWorking(agent);
  const { workflowId, runId } = workflowInfo();
  const { generation } = state;
  const transcript = {
    workflowId,
    runId,
    generation: generation.number,
    upTo: generation.messages.length,
  };
  run.step = new CancellationScope();
  try {
    return await run.step.run(() =>
      callModel.executeWithOptions({ summary: toSummary(agent) }, [
        {
          transcript,
          backend: generation.backend,
          maxTokens: maxTokensOf(agent),
          closing: state.closing,
        },
      ]),
    );
  } finally {
    run.step = undefined;
  }
}

function enterWorking(agent: Agent): void {
  const status = agent.role === "supervisor" ? "thinking" : "running";
  if (agent.state.phase.status === status) publish(agent);
  else if (agent.state.phase.status !== "waiting") enter(agent, { status });
}

/** Doubled for each answer that was cut off, twice at most. */
export function maxTokensOf(agent: Agent): number {
  const base = agent.state.definition?.maxTokens ?? agent.settings.limits.maxTokens;
  return base * 2 ** agent.state.cutOff;
}

/** `turn 3 · claude-… · after 2 tool calls` */
function toSummary({ state }: Agent): string {
  const last = state.generation.messages.at(-1);
  const results = last?.content.filter((block) => block.type === "tool_result").length ?? 0;
  const model = state.generation.backend === "scripted" ? "scripted model" : state.generation.model;
  const after = results === 0 ? "" : ` · after ${results} tool call${results === 1 ? "" : "s"}`;
  return cutText(`turn ${state.turn + 1} · ${model}${after}`, 200);
}

interface Trouble {
  readonly kind: ModelTrouble;
  readonly type: string;
  readonly message: string;
  readonly backend?: string;
}

function toTrouble(error: unknown): Trouble {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (!(cause instanceof ApplicationFailure)) return { kind: "park", type: "Timeout", message };
  const type = cause.type ?? "Error";
  const detail = cause.details?.[0] as { backend?: unknown } | undefined;
  return {
    kind: toModelTrouble(type),
    type,
    message,
    ...(typeof detail?.backend === "string" && { backend: detail.backend }),
  };
}

/** A new generation from a digest: for a transcript this backend and model cannot go on with. */
export function rebuild(
  agent: Agent,
  trouble: Pick<Trouble, "type" | "message" | "backend">,
): void {
  const { state } = agent;
  const text = toDigest(state.generation.messages, state.board, trouble.type);
  const next = beginGeneration(
    state.generation.number + 1,
    trouble.backend ?? state.generation.backend,
    modelOf(agent),
  );
  state.generation = append(next, toUserMessage([], [text]));
  state.rebuilt = true;
  state.due = true;
  tell(agent, {
    type: "generation",
    generation: state.generation.number,
    text: `The transcript begins anew from a digest (${trouble.type}: ${cutText(trouble.message, 200)}).`,
  });
}

/** Waits for the model to come back: a probe's time, a person's message, or `resume`. */
async function park(agent: Agent, trouble: Trouble, parked: number): Promise<void> {
  const { limits } = agent.settings;
  const waitingOn = trouble.kind === "quota" ? ("quota" as const) : ("model" as const);
  const next =
    trouble.kind === "quota"
      ? "It goes on after `bosun resume`, or with the next message."
      : "It is tried again by itself, and at once with the next message.";
  const why = `${trouble.message} ${next}`;
  if (agent.state.why !== why) tell(agent, { type: "trouble", text: why });
  enter(agent, { status: "waiting", waitingOn: [waitingOn] }, why);
  reportWaiting(agent, [waitingOn], why);
  const probes = agent.run.probes;
  const woken = (): boolean => agent.run.probes > probes || agent.state.ending;
  if (trouble.kind === "quota") return await condition(woken);
  const wait = Math.min(limits.probeMaxMs, limits.probeMs * 2 ** Math.min(parked, 10));
  await condition(woken, Math.round(wait * (0.9 + 0.2 * Math.random())));
}

function resume(agent: Agent): void {
  enter(agent, { status: agent.role === "supervisor" ? "thinking" : "running" });
  reportResumed(agent);
}
