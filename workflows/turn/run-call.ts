// Runs one tool call: in the workflow or on the host.
import {
  ActivityCancellationType,
  CancellationScope,
  isCancellation,
  proxyActivities,
} from "@temporalio/workflow";
import type { HostActivities, ToolOutcome } from "../../protocol/activities.ts";
import { toHostQueue } from "../../protocol/ids.ts";
import { cutText, toLine } from "../../protocol/text.ts";
import { type GoodCall, toolSpecs } from "../../protocol/tools/tools.ts";
import type { ToolAnswer } from "../../protocol/turn.ts";
import { type Agent, isStopping, mustRoll } from "../agent/agent.ts";
import { TaskFailure, toSentence, wordsOf } from "../agent/failures.ts";
import { onHost } from "../agent/host.ts";
import { holdsWords } from "../agent/inbox.ts";
import { noteRead, toHostInput } from "../edits/isolation.ts";
import { isWorkflowTool, runInWorkflow } from "./workflow-tools.ts";

export async function answerCall(agent: Agent, id: string, call: GoodCall): Promise<ToolAnswer> {
  if (isWorkflowTool(call.name)) return await runInWorkflow(agent, id, call.name, call.input);
  try {
    const outcome = await runOnHost(agent, id, call);
    takeOutcome(agent, call, outcome);
    noteRead(agent, call);
    return outcome;
  } catch (error) {
    if (CancellationScope.current().consideredCancelled) throw error;
    if (isCancellation(error)) return { text: toCancelled(agent), isError: true };
    return { text: toToolTrouble(call, error), isError: true };
  }
}

function toCancelled(agent: Agent): string {
  const what = isStopping(agent) ? "a person interrupted the turn" : "a note came first";
  return `Cancelled: ${what}.`;
}

function takeOutcome({ state }: Agent, call: GoodCall, outcome: ToolOutcome): void {
  if (!outcome.isError) keepTrace(state, call, outcome);
  state.artifacts = [...new Set([...state.artifacts, ...outcome.artifacts])].slice(-50);
  if (outcome.inDoubt) state.inDoubt = [...state.inDoubt, outcome.inDoubt].slice(-20);
}

/** For the envelope: what the task wrote, and what its words rest on. */
function keepTrace(
  state: Agent["state"],
  { name, label, input }: GoodCall,
  outcome: ToolOutcome,
): void {
  if (name === "write_file" || name === "edit_file") {
    const { path } = input as { readonly path: string };
    if (outcome.artifacts.length === 0)
      state.written = latest(state.written, toLine(path, 200), 50);
    return;
  }
  // A command's answer begins with how it ended.
  const end = name === "run_command" ? `: ${outcome.text.slice(0, 40).split("\n", 1)[0]}` : "";
  state.evidence = latest(state.evidence, `${label}${end}`, 20);
}

const latest = (known: readonly string[], line: string, most: number): readonly string[] =>
  [...known.filter((one) => one !== line), line].slice(-most);

function toToolTrouble(call: GoodCall, error: unknown): string {
  // Its host was away: nothing of it has begun.
  if (error instanceof TaskFailure) return error.message;
  const doubt =
    toolSpecs[call.name].effect === "write"
      ? " It may have begun and its outcome is unknown: look before you repeat it."
      : "";
  return cutText(`${call.label} could not be run: ${toSentence(wordsOf(error))}${doubt}`, 1_000);
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
    input: toHostInput(agent, call),
    ...(effect === "write" && agent.state.files.scopes && { scopes: agent.state.files.scopes }),
  };
  const run = (): Promise<ToolOutcome> =>
    onHost(
      agent,
      () => runTool.executeWithOptions({ summary: call.label }, [input]),
      () =>
        agent.state.ending || isStopping(agent) || holdsWords(agent.state.inbox) || mustRoll(agent),
    );
  const { step } = agent.run;
  return await (effect === "read" && step ? step.run(run) : run());
}
