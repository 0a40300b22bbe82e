// Who is told of trouble, one after the other.
import { patched } from "@temporalio/workflow";
import { isEnded } from "../../protocol/task.ts";
import type { Trouble } from "../../protocol/trouble.ts";
import type { ToolCall } from "../../protocol/turn.ts";
import { type Agent, arrive, now, tell } from "../agent/agent.ts";
import type { CallAnswer } from "../agent/agent-state.ts";
import { toNotice } from "../transcript/notices.ts";
import { report } from "../tasks/parent.ts";
import { type BoardTask, findTask } from "../tasks/board.ts";
import { calmDown, newStages, toFingerprint, type TracedCall, watchTurn } from "./trouble.ts";

/** Agents begun before this watched nothing, and hear of it from their next turn on. */
const graded = "graded-trouble";

/** Looks at the answered calls of one turn. Each stage is told once an episode, and nothing is stopped. */
export function watchCalls(agent: Agent): void {
  const { state, settings } = agent;
  const before = state.watch.episode;
  const calls = state.openCalls.map((call) => toTraced(call, state.answers[call.id]));
  const watch = watchTurn(state.watch, calls, settings.limits, now());
  const reached = newStages(before, watch.episode);
  const isOver = before !== null && watch.episode === null;
  if (reached.length > 0 && !patched(graded)) {
    state.watch = { ...watch, episode: before };
    return;
  }
  state.watch = watch;
  if (isOver) reportEnd(agent, before);
  for (const stage of reached) tellStage(agent, { ...watch.episode!, stage });
}

function toTraced({ name, input }: ToolCall, answer: CallAnswer | undefined): TracedCall {
  return {
    call: toFingerprint(name, input),
    label: answer?.label || name,
    failed: answer?.isError ?? true,
    // They end by an event or by their time, and what they are called with stays the same.
    waits: name.startsWith("wait_for_") || name === "ask_human",
  };
}

function tellStage(agent: Agent, trouble: Trouble): void {
  if (trouble.stage !== "agent") return report(agent, { type: "trouble", trouble });
  arrive(agent, { type: "notice", text: toNudge(trouble) });
  tell(agent, { type: "trouble", text: `${trouble.text} It was told so.` });
}

function toNudge({ kind, text }: Trouble): string {
  const advice =
    "This is a notice of Bosun: you do not get on like this. Go another way. If there is none, answer now with what you have, and say what is missing and what stood in the way.";
  return toNotice("trouble", { kind, what: text }, advice);
}

/** It does something else, or somebody has spoken to it: whoever was told of trouble hears that it is over. */
export function endTrouble(agent: Agent): void {
  const { episode } = agent.state.watch;
  agent.state.watch = calmDown(agent.state.watch);
  if (episode) reportEnd(agent, episode);
}

function reportEnd(agent: Agent, { stage }: Trouble): void {
  if (stage !== "agent") report(agent, { type: "trouble", trouble: null });
}

/** A task says that it is in trouble, or no longer. */
export function takeTrouble(agent: Agent, task: BoardTask, trouble: Trouble | null): void {
  const { taskId } = task;
  const known = agent.state.troubled[taskId];
  forgetTrouble(agent, taskId);
  if (isEnded(task.phase)) return;
  if (!trouble) return tellOver(agent, taskId, known);
  const told = known?.told ?? false;
  agent.state.troubled = { ...agent.state.troubled, [taskId]: { ...trouble, told } };
  const asks = trouble.stage === "person" ? " A person can help: bosun inbox." : "";
  tell(agent, { type: "trouble", text: `Task ${taskId}: ${trouble.text}${asks}` });
}

function tellOver(agent: Agent, taskId: string, known: Trouble | undefined): void {
  if (known) tell(agent, { type: "trouble", text: `Task ${taskId} gets on again.` });
}

export function forgetTrouble({ state }: Agent, taskId: string): void {
  const { [taskId]: _, ...others } = state.troubled;
  state.troubled = others;
}

/** What the model has not heard of its tasks' trouble, as notices. It brings about no turn of its own. */
export function takeTroubles(agent: Agent): readonly string[] {
  const { state } = agent;
  const untold = Object.entries(state.troubled).filter(([, { told }]) => !told);
  return untold.map(([taskId, trouble]) => {
    state.troubled = { ...state.troubled, [taskId]: { ...trouble, told: true } };
    return toTroubleNotice(taskId, findTask(state.board, taskId), trouble);
  });
}

function toTroubleNotice(taskId: string, task: BoardTask | undefined, trouble: Trouble): string {
  const data = {
    task_id: taskId,
    agent: task?.agent,
    description: task?.description,
    what: trouble.text,
    since: trouble.since,
  };
  return toNotice(
    "task_trouble",
    data,
    "This is a notice of Bosun: the task goes on, but does not get on. update_async_task gives it another way, cancel_async_task stops it. If it may still come through, leave it.",
  );
}
