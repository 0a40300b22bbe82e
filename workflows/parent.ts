// What a task tells the agent that started it.
import { getExternalWorkflowHandle } from "@temporalio/workflow";
import { type TaskEvent, taskEventSignal } from "../protocol/messages.ts";
import type { Receipt, WaitingReason } from "../protocol/task.ts";
import { type Agent, send } from "./agent.ts";

export function reportWaiting(
  agent: Agent,
  waitingOn: readonly WaitingReason[],
  why: string,
): void {
  report(agent, { type: "waiting", waitingOn, why });
}

export function reportResumed(agent: Agent): void {
  report(agent, { type: "resumed" });
}

export function reportReceipt(agent: Agent, receipt: Receipt): void {
  report(agent, { type: "receipt", receipt });
}

/** A closed parent needs no news: `send` swallows its absence. */
function report(agent: Agent, event: TaskEvent["event"]): void {
  if (agent.parentId === null) return;
  agent.state.eventSeq += 1;
  const news: TaskEvent = { taskId: agent.id, seq: agent.state.eventSeq, event };
  void send(agent, getExternalWorkflowHandle(agent.parentId).signal(taskEventSignal, news));
}
