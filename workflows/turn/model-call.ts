// One call of the model that can be broken off.
import {
  ActivityCancellationType,
  CancellationScope,
  proxyActivities,
  workflowInfo,
} from "@temporalio/workflow";
import type { ModelActivities, ModelPurpose } from "../../protocol/activities.ts";
import { toQueues } from "../../protocol/ids.ts";
import { scriptedBackend } from "../../protocol/models.ts";
import { cutText } from "../../protocol/text.ts";
import type { ModelAnswer, TranscriptRef } from "../../protocol/turn.ts";
import { type Agent, boundModelOf } from "../agent/agent.ts";
import { priceOf } from "../budget/call-room.ts";
import { enter, publish, workingStatus } from "../agent/display.ts";
import { chargeCall, dropCall, openCall } from "../budget/spending.ts";
import { sizeOf } from "../transcript/transcript.ts";

/** One call with the whole transcript. Fails when Temporal's retries are used up. */
export async function callOnce(
  agent: Agent,
  purpose: ModelPurpose = agent.state.closing ? "closing" : "turn",
): Promise<ModelAnswer> {
  const { state, settings, run } = agent;
  const { limits } = settings;
  const queues = toQueues(settings.installation);
  const forPerson = isForPerson(agent);
  const isProbe = state.parked > 0 && !forPerson && run.probes === run.seen;
  run.seen = run.probes;
  const { callModel } = proxyActivities<ModelActivities>({
    taskQueue: forPerson ? queues.now : isProbe ? queues.probes : queues.models,
    ...(isProbe && { scheduleToStartTimeout: limits.probeStartMs }),
    startToCloseTimeout: limits.modelTimeoutMs,
    // A digest can take a summary's place, so nobody waits as long for one.
    scheduleToCloseTimeout: purpose === "summary" ? 2 * limits.modelTimeoutMs : limits.modelTotalMs,
    heartbeatTimeout: limits.modelHeartbeatMs,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: limits.modelRetryMs,
      backoffCoefficient: 2,
      maximumInterval: Math.max(limits.modelRetryMs, limits.modelRetryMaxMs),
      maximumAttempts: attemptsOf(agent, purpose),
    },
    priority: {
      priorityKey: forPerson ? 1 : agent.role === "supervisor" ? 2 : 4,
      fairnessKey: agent.rootId.slice(0, 64),
    },
  });
  const maxTokens = openCall(agent, purpose);
  const price = priceOf(agent);
  enterWorking(agent);
  const transcript = toRef(agent);
  run.step = new CancellationScope();
  try {
    const answer = await run.step.run(() =>
      callModel.executeWithOptions({ summary: toSummary(agent, purpose) }, [
        {
          transcript,
          backend: state.generation.backend,
          maxTokens,
          ...(price && { price }),
          purpose,
          closing: purpose !== "turn",
        },
      ]),
    );
    chargeCall(agent, purpose, answer.usage);
    return answer;
  } catch (error) {
    dropCall(agent, error);
    throw error;
  } finally {
    run.step = undefined;
  }
}

/** A tail up to this size goes along with the call. A longer one would be in history twice for little. */
const tailBytes = 2_000;

function toRef(agent: Agent): TranscriptRef {
  const { generation, definition } = agent.state;
  const { workflowId, runId } = workflowInfo();
  const { number, messages, backend } = generation;
  // The answer before and what it brought: all that a worker lacks that made the call before.
  const tail = messages.slice(-2);
  const print = definition?.print;
  return {
    workflowId,
    runId,
    generation: number,
    upTo: messages.length,
    ...(sizeOf(tail) <= tailBytes && { tail }),
    ...(print && { header: { print, model: boundModelOf(agent), backend } }),
  };
}

function attemptsOf({ state, settings }: Agent, purpose: ModelPurpose): number {
  if (purpose === "summary") return settings.limits.summaryAttempts;
  // An agent that waits for the model tries once, then it waits again.
  return state.parked > 0 ? 1 : settings.limits.modelAttempts;
}

/** A person waits for what this call answers. */
export function isForPerson({ role, state }: Agent): boolean {
  return role === "supervisor" && state.answering.length > 0;
}

function enterWorking(agent: Agent): void {
  const status = workingStatus(agent);
  if (agent.state.phase.status === status) publish(agent);
  else if (agent.state.phase.status !== "waiting") enter(agent, { status });
}

/** `turn 3 · claude-… · after 2 tool calls` */
function toSummary({ state }: Agent, purpose: ModelPurpose): string {
  if (purpose === "summary") return `summary of ${state.generation.messages.length} messages`;
  const last = state.generation.messages.at(-1);
  const results = last?.content.filter((block) => block.type === "tool_result").length ?? 0;
  const model =
    state.generation.backend === scriptedBackend ? "scripted model" : state.generation.model;
  const after = results === 0 ? "" : ` · after ${results} tool call${results === 1 ? "" : "s"}`;
  return cutText(`turn ${state.turn + 1} · ${model}${after}`, 200);
}
