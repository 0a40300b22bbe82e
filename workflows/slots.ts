// Slots, handed out as they come free.
import { getExternalWorkflowHandle } from "@temporalio/workflow";
import { beginSignal, resumeSignal } from "../protocol/messages.ts";
import { type Agent, send, tell } from "./agent.ts";
import { findTask, moveOnBoard, openTasks, startable } from "./task-board.ts";

/** Tells tasks that wait for the model that it answers again, or that somebody wants it asked. */
export function passResume(agent: Agent): void {
  for (const { taskId, phase } of openTasks(agent.state.board)) {
    if (phase.status !== "waiting") continue;
    if (!phase.waitingOn.includes("model") && !phase.waitingOn.includes("quota")) continue;
    void send(agent, getExternalWorkflowHandle(taskId).signal(resumeSignal));
  }
}

/** Lets tasks begin, or go on, for which there is a slot. An agent that ends begins nothing. */
export function beginQueued(agent: Agent): void {
  const { state, settings } = agent;
  if (state.ending) return;
  for (const taskId of startable(state.board, settings.limits.maxRunning)) {
    const task = findTask(state.board, taskId);
    if (!task) continue;
    const type = task.phase.status === "queued" ? "begun" : "resumed";
    state.board = moveOnBoard(state.board, taskId, { type });
    void send(agent, getExternalWorkflowHandle(taskId).signal(beginSignal));
    const phase = { status: "running" } as const;
    tell(agent, { type: "task", taskId, agent: task.agent, phase, text: "" });
  }
}
