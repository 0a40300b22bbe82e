// What the feed tells of a task.
import type { Envelope, TaskPhase, WaitingReason } from "../../protocol/task.ts";
import { toLine } from "../../protocol/text.ts";
import { type Agent, tell } from "../agent/agent.ts";
import type { BoardTask } from "./board.ts";

export function tellTask(
  agent: Agent,
  { taskId, agent: name }: BoardTask,
  phase: TaskPhase,
  text: string,
): void {
  tell(agent, { type: "task", taskId, agent: name, phase, text });
}

/** A task that waited works again. Of the reasons it had, the first that says something. */
export function tellResumed(agent: Agent, task: BoardTask): void {
  const { phase } = task;
  if (phase.status !== "waiting") return;
  const text = phase.waitingOn.map((reason) => ends[reason]).find(Boolean) ?? "";
  tellTask(agent, task, { status: "running" }, text);
}

const ends: Partial<Record<WaitingReason, string>> = {
  paused: "It was resumed.",
  model: "The model answers again.",
  quota: "The model answers again.",
  host: "Its host is there again.",
  budget: "It has budget again.",
};

/** Of a task that failed, why. Else what it found. */
export function toEndWords({ status, notDone, summary }: Envelope): string {
  return toLine((status === "failed" && notDone) || summary, 400);
}
