// A pause: parked at a step boundary, and all below too.
import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  patched,
} from "@temporalio/workflow";
import type { Resume } from "../../protocol/control.ts";
import { pauseSignal, resumeSignal } from "../../protocol/messages.ts";
import type { WaitingReason } from "../../protocol/task.ts";
import {
  type Agent,
  isPaused,
  isStopping,
  isWaitingOn,
  mustRoll,
  now,
  send,
  tell,
} from "../agent/agent.ts";
import { publish } from "../agent/display.ts";
import { enterWaiting, goOn } from "../tasks/parent.ts";
import { passRequest } from "../turn/recovery.ts";
import { kindsOf, untilRequestIsOver } from "../people/requests.ts";
import { beginQueued } from "../tasks/slots.ts";
import { openTasks, workflowOf } from "../tasks/board.ts";

/** Told to all that work below too, also when this agent was paused before. */
export function takePause(agent: Agent): void {
  const { state } = agent;
  if (state.ending) return;
  if (!isPaused(agent)) {
    state.pausedAt = now();
    tell(agent, { type: "control", what: "paused", text: "It stops at its next step boundary." });
  }
  switchTasks(agent);
  publish(agent);
}

export function takeResume(agent: Agent, { only }: Resume = {}): void {
  if (only !== "pause") {
    agent.run.probes += 1;
    passRequest(agent);
  }
  if (only !== "model" && !agent.state.ending) endPause(agent);
}

function endPause(agent: Agent): void {
  const { state } = agent;
  const since = state.pausedAt;
  state.pausedAt = null;
  // Agents begun before there was a pause tell nobody.
  if (since !== null || patched("resume-reaches-down")) switchTasks(agent);
  if (since === null) return;
  state.pausedMs += Math.max(0, Date.now() - Date.parse(since));
  tell(agent, { type: "control", what: "resumed", text: "It goes on." });
  beginQueued(agent);
  publish(agent);
}

function switchTasks(agent: Agent): void {
  switchWorkflows(
    agent,
    openTasks(agent.state.board)
      .filter((task) => task.exists)
      .map(workflowOf),
  );
}

/** Tells tasks what holds for their agent now. One word after the other, for signals sent together arrive in any order. */
export function switchWorkflows(agent: Agent, workflowIds: readonly string[]): void {
  const last = agent.run.lastSwitch;
  const paused = isPaused(agent);
  const words = workflowIds.map((workflowId) => {
    const handle = getExternalWorkflowHandle(workflowId);
    const tellNext = async (): Promise<void> => {
      await last;
      await (paused ? handle.signal(pauseSignal) : handle.signal(resumeSignal, { only: "pause" }));
    };
    return send(agent, CancellationScope.nonCancellable(tellNext));
  });
  if (words.length > 0) agent.run.lastSwitch = Promise.all(words).then(() => undefined);
}

/** Waits until a pause is over, for weeks and over rolls. The end, and an interruption, end the wait too. */
export async function park(agent: Agent): Promise<"roll" | undefined> {
  const { state } = agent;
  if (!isPaused(agent)) return undefined;
  while (isPaused(agent) && !state.ending && !isStopping(agent)) {
    if (mustRoll(agent)) return "roll";
    const waitingOn = showParked(agent);
    const isOver = (): boolean =>
      !isPaused(agent) ||
      state.ending ||
      isStopping(agent) ||
      mustRoll(agent) ||
      toReasons(agent).join() !== waitingOn.join();
    if (state.requests.length === 0) await condition(isOver);
    else await untilRequestIsOver(agent, isOver);
  }
  // One that gave its slot back asks for it, or waits on, and says so itself.
  if (state.begun && isWaitingOn(agent, "paused") && !isPaused(agent)) goOn(agent);
  return undefined;
}

function showParked(agent: Agent): readonly WaitingReason[] {
  const { phase } = agent.state;
  const waitingOn = toReasons(agent);
  const shown = "waitingOn" in phase ? phase.waitingOn : [];
  if (shown.join() === waitingOn.join()) return waitingOn;
  const why = `Paused. It goes on with: bosun resume ${agent.taskId}`;
  enterWaiting(agent, waitingOn, why);
  return waitingOn;
}

/** What it waits for besides. A task that waits for its own has given its slot back. */
function toReasons(agent: Agent): readonly WaitingReason[] {
  const { role, state } = agent;
  const isAtRest = !state.begun && !state.due && state.inbox.length + state.requests.length === 0;
  const waits = role === "subagent" && isAtRest && openTasks(state.board).length > 0;
  return [
    ...kindsOf(agent),
    ...(waits ? (["tasks"] as const) : []),
    // Whoever waits for budget goes on by asking for a slot.
    ...(isWaitingOn(agent, "budget") ? (["budget"] as const) : []),
    "paused",
  ];
}
