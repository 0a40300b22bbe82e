// What the feed tells of a task beside its status.
import type { Envelope, WaitingReason } from "../../protocol/task.ts";
import { toLine } from "../../protocol/text.ts";
import { type Agent, tell } from "../agent/agent.ts";
import type { BoardTask } from "./board.ts";

/** A task that waited works again. Of the reasons it had, the first that says something. */
export function tellResumed(agent: Agent, { taskId, agent: name, phase }: BoardTask): void {
  if (phase.status !== "waiting") return;
  const text = phase.waitingOn.map((reason) => ends[reason]).find(Boolean) ?? "";
  tell(agent, { type: "task", taskId, agent: name, phase: { status: "running" }, text });
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
