// The tool calls of one answer, each with its result.
import {
  ActivityCancellationType,
  ActivityFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
} from "@temporalio/workflow";
import type { HostActivities, ToolOutcome } from "../protocol/activities.ts";
import { toHostQueue } from "../protocol/ids.ts";
import { byteLength, cutText, toLine } from "../protocol/text.ts";
import { checkCall, type CheckedCall, type DelegationTool, toolSpecs } from "../protocol/tools.ts";
import type { ToolAnswer, ToolCall, ToolResult } from "../protocol/turn.ts";
import { type Agent, tell } from "./agent.ts";
import { delegate } from "./delegation.ts";
import { TaskFailure } from "./envelope.ts";
import { onHost } from "./host.ts";
import { holdsWords } from "./inbox.ts";
import { mustRoll } from "./roll.ts";

type GoodCall = Extract<CheckedCall, { ok: true }>;

/** Every call answered, in call order. Reads run beside each other, calls with effects one after the other. */
export async function answerCalls(
  agent: Agent,
  calls: readonly ToolCall[],
): Promise<readonly ToolResult[]> {
  const declared = agent.state.definition?.tools.map((tool) => tool.name) ?? [];
  let effects: Promise<unknown> = Promise.resolve();
  // A `now` note cancels this scope: the reads in it break off, calls with effects finish.
  agent.run.step = new CancellationScope();
  const answers = calls.map((call) => {
    const checked = checkCall(call.name, call.input, declared);
    if (!checked.ok) return Promise.resolve<ToolAnswer>({ text: checked.error, isError: true });
    if (toolSpecs[checked.name].effect !== "write") return answerCall(agent, call.id, checked);
    const answer = effects.then(() => answerCall(agent, call.id, checked));
    effects = answer.catch(() => undefined);
    return answer;
  });
  // All of them, also when one was cancelled: a write that goes on has to be waited for.
  const settled = await Promise.allSettled(answers).finally(() => (agent.run.step = undefined));
  const texts = fitTogether(settled.map(toAnswer));
  return calls.map((call, index) => toResult(agent, call, texts[index]));
}

function toAnswer(settled: PromiseSettledResult<ToolAnswer>): ToolAnswer {
  if (settled.status === "rejected") throw settled.reason;
  return settled.value;
}

/** What the results of one answer may have together, so that a step never outgrows a run. */
const stepBytes = 300_000;

function fitTogether(answers: readonly ToolAnswer[]): readonly ToolAnswer[] {
  const each = Math.floor(stepBytes / Math.max(1, answers.length));
  const total = answers.reduce((sum, answer) => sum + byteLength(answer.text), 0);
  if (total <= stepBytes) return answers;
  const mark = `… (cut: ${answers.length} results were asked for at once, ask for fewer)`;
  return answers.map((answer) => ({ ...answer, text: cutText(answer.text, each, mark) }));
}

/** Results for calls that were not run because a note came first. */
export function cancelCalls(calls: readonly ToolCall[]): readonly ToolResult[] {
  return calls.map((call) => ({
    type: "tool_result",
    tool_use_id: call.id,
    is_error: true,
    content: "Not run: a note arrived that asked for attention at once. It follows.",
  }));
}

function toResult(agent: Agent, call: ToolCall, answer: ToolAnswer | undefined): ToolResult {
  const { text, isError } = answer ?? { text: "No result.", isError: true };
  const checked = checkCall(call.name, call.input, [call.name]);
  const label = checked.ok ? checked.label : call.name;
  tell(agent, { type: "tool", label: toLine(label, 200), failed: isError });
  return {
    type: "tool_result",
    tool_use_id: call.id,
    content: text || "(empty)",
    ...(isError && { is_error: true }),
  };
}

export async function answerCall(agent: Agent, id: string, call: GoodCall): Promise<ToolAnswer> {
  if (toolSpecs[call.name].effect === "delegate") {
    return await delegate(agent, id, call.name as DelegationTool, call.input);
  }
  try {
    const outcome = await runOnHost(agent, id, call);
    takeOutcome(agent, outcome);
    return outcome;
  } catch (error) {
    if (CancellationScope.current().consideredCancelled) throw error;
    if (isCancellation(error)) return { text: "Cancelled: a note came first.", isError: true };
    return { text: toToolTrouble(call, error), isError: true };
  }
}

function takeOutcome({ state }: Agent, outcome: ToolOutcome): void {
  state.artifacts = [...new Set([...state.artifacts, ...outcome.artifacts])].slice(-50);
  if (outcome.inDoubt) state.inDoubt = [...state.inDoubt, outcome.inDoubt].slice(-20);
}

function toToolTrouble(call: GoodCall, error: unknown): string {
  // Its host was away: nothing of it has begun.
  if (error instanceof TaskFailure) return error.message;
  const cause = error instanceof ActivityFailure ? (error.cause ?? error) : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  const doubt =
    toolSpecs[call.name].effect === "write"
      ? " It may have begun and its outcome is unknown: look before you repeat it."
      : "";
  return cutText(`${call.label} could not be run: ${message}.${doubt}`, 1_000);
}

async function runOnHost(agent: Agent, id: string, call: GoodCall): Promise<ToolOutcome> {
  const { workspace } = agent.state;
  if (!workspace) return { text: "This agent has no workspace.", isError: true, artifacts: [] };
  const { effect, timeoutMs } = toolSpecs[call.name];
  const { limits, installation } = agent.settings;
  const { runTool } = proxyActivities<HostActivities>({
    taskQueue: toHostQueue(installation, workspace.host),
    startToCloseTimeout: timeoutMs,
    scheduleToStartTimeout: limits.hostStartMs,
    heartbeatTimeout: limits.toolHeartbeatMs,
    cancellationType:
      effect === "read"
        ? ActivityCancellationType.TRY_CANCEL
        : ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: 1_000,
      maximumInterval: 30_000,
      maximumAttempts: limits.toolAttempts,
    },
    priority: { priorityKey: 4, fairnessKey: agent.rootId.slice(0, 64) },
  });
  const input = {
    workspace,
    rootId: agent.rootId,
    toolUseId: id,
    name: call.name,
    input: call.input,
  };
  const run = (): Promise<ToolOutcome> =>
    onHost(
      agent,
      () => runTool.executeWithOptions({ summary: call.label }, [input]),
      () => agent.state.ending || holdsWords(agent.state.inbox) || mustRoll(agent),
    );
  const { step } = agent.run;
  return await (effect === "read" && step ? step.run(run) : run());
}
