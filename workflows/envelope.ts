// What a task leaves behind, cut to fit.
import type { Envelope, FailureReason, TaskEnd } from "../protocol/task.ts";
import { byteLength, cutJson, cutText } from "../protocol/text.ts";
import type { AgentState } from "./agent.ts";

const envelopeBytes = 3_000;

/** Why something failed or waits, wherever it is kept. */
export const reasonBytes = 2_000;

/** The envelope of a task that ends now, from what it holds. */
export function toEnvelope(state: AgentState, end: TaskEnd, notDone: string): Envelope {
  const lists = {
    inDoubt: state.inDoubt.slice(-5).map((line) => cutText(line, 120)),
    unseen: state.inbox
      .flatMap((item) => (item.type === "note" ? [item.note.noteId] : []))
      .slice(0, 20),
    artifacts: state.artifacts.slice(-10).map((path) => cutText(path, 100)),
    receipts: state.receipts.slice(-5),
  };
  const bare: Envelope = {
    status: end.status,
    ...("reason" in end && { reason: end.reason }),
    summary: "",
    partial: end.status !== "completed",
    notDone: cutText(notDone, 400),
    usage: state.usage,
    stale: [],
    ...lists,
  };
  const room = envelopeBytes - byteLength(JSON.stringify(bare)) - 40;
  return { ...bare, summary: cutJson(state.lastText || "(no words)", room) };
}

/** A task that could not end by itself, with the reason for its parent. */
export class TaskFailure extends Error {
  override readonly name = "TaskFailure";
  readonly reason: FailureReason;
  constructor(reason: FailureReason, message: string) {
    super(cutText(message, reasonBytes));
    this.reason = reason;
  }
}
