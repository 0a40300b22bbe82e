// Slots, handed out as they come free.
import { getExternalWorkflowHandle } from "@temporalio/workflow";
import { beginSignal } from "../../protocol/messages.ts";
import { type Agent, isPaused, send } from "../agent/agent.ts";
import { tellTask } from "./feed-words.ts";
import type { Dependency } from "./dependencies.ts";
import { tellDoom, tellResults } from "./dependents.ts";
import { handOut } from "../sharing/findings.ts";
import { doomedTasks, hasFreeSlot, startable } from "./board-slots.ts";
import { findTask, workflowOf } from "./board.ts";
import { markDoomed, moveOnBoard } from "./board-changes.ts";

/** Whether a new task begins at once. */
export function mayBegin(agent: Agent, dependsOn: readonly Dependency[] | undefined): boolean {
  const { state, settings } = agent;
  return !dependsOn && !isPaused(agent) && hasFreeSlot(state.board, settings.limits.maxRunning);
}

/** Lets tasks begin, or go on, for which there is a slot. An agent that ends begins nothing, a paused one nothing new. */
export function beginQueued(agent: Agent): void {
  const { state, settings } = agent;
  if (state.ending) return;
  for (const task of doomedTasks(state.board)) {
    state.board = markDoomed(state.board, task.taskId);
    void send(agent, tellDoom(task));
  }
  for (const taskId of startable(state.board, settings.limits.maxRunning)) {
    const task = findTask(state.board, taskId);
    if (!task || (isPaused(agent) && task.phase.status === "queued")) continue;
    const type = task.phase.status === "queued" ? "begun" : "resumed";
    state.board = moveOnBoard(state.board, taskId, { type });
    const begins = type === "begun" && task.dependsOn;
    void send(
      agent,
      begins
        ? tellResults(agent, task)
        : getExternalWorkflowHandle(workflowOf(task)).signal(beginSignal),
    );
    tellTask(agent, task, { status: "running" }, "");
  }
  handOut(agent);
}
