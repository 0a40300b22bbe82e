// What a task leaves behind, cut to fit.
import { addSpent } from "../protocol/budget.ts";
import type { Envelope, FailureReason, TaskEnd } from "../protocol/task.ts";
import { byteLength, cutJson, cutText } from "../protocol/text.ts";
import type { AgentState } from "./agent.ts";

const envelopeBytes = 3_000;

/** Why something failed or waits, wherever it is kept. */
export const reasonBytes = 2_000;

/** The envelope of a task that ends now, from what it holds. */
export function toEnvelope(state: AgentState, end: TaskEnd, notDone: string): Envelope {
  const lists = {
    inDoubt: state.inDoubt.slice(-5).map((line) => cutJson(line, 100)),
    unseen: newest(
      state.inbox.flatMap((item) => (item.type === "note" ? [item.note.noteId] : [])),
      { count: 20, bytes: 400 },
    ),
    artifacts: newest(
      state.artifacts.map((path) => cutJson(path, 100)),
      { count: 10, bytes: 600 },
    ),
    receipts: newest(state.receipts, { count: 5, bytes: 500 }),
  };
  // As long as a lease is out, only its parent can find out what was spent.
  const mayTell = state.spending.kept && Object.keys(state.account.leases).length === 0;
  const bare: Envelope = {
    status: end.status,
    ...("reason" in end && { reason: end.reason }),
    summary: "",
    partial: end.status !== "completed",
    notDone: cutJson(notDone, 400),
    usage: state.usage,
    ...(mayTell && { spent: addSpent(state.account.spent, state.account.settled) }),
    stale: [],
    ...lists,
  };
  const room = envelopeBytes - byteLength(JSON.stringify(bare)) - 40;
  return { ...bare, summary: cutJson(state.lastText || "(no words)", room) };
}

/** The newest items that have room together. */
function newest<Item>(
  items: readonly Item[],
  most: { readonly count: number; readonly bytes: number },
): readonly Item[] {
  let room = most.bytes;
  const last = items.slice(-most.count);
  const from = last.findLastIndex((item) => (room -= byteLength(JSON.stringify(item)) + 1) < 0);
  return last.slice(from + 1);
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
