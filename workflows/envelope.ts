// What a task leaves behind, cut to fit.
import type { Collected } from "../protocol/isolation.ts";
import type { Envelope, FailureReason, TaskEnd } from "../protocol/task.ts";
import { byteLength, cutJson, cutText, jsonLength } from "../protocol/text.ts";
import { noUsage } from "../protocol/turn.ts";
import type { AgentState } from "./agent.ts";

const envelopeBytes = 3_000;

/** Why something failed or waits, wherever it is kept. */
export const reasonBytes = 2_000;

/** The envelope of a task that ends now, from what it holds. */
export function toEnvelope(state: AgentState, end: TaskEnd, notDone: string): Envelope {
  const files = toFileParts(state.files.collected);
  // What was collected takes its room from the lists, not from the summary alone.
  const share = state.files.collected ? 0.6 : 1;
  const lists = {
    inDoubt: newest(
      state.inDoubt.slice(-5).map((line) => cutJson(line, 100)),
      { count: 5, bytes: 520 * share },
    ),
    unseen: newest(
      state.inbox.flatMap((item) => (item.type === "note" ? [item.note.noteId] : [])),
      { count: 20, bytes: 400 * share },
    ),
    artifacts: newest(
      state.artifacts.map((path) => cutJson(path, 100)),
      { count: 10, bytes: 600 * share },
    ),
    receipts: newest(state.receipts, { count: 5, bytes: 500 * share }),
  };
  const bare: Envelope = {
    status: end.status,
    ...("reason" in end && { reason: end.reason }),
    summary: "",
    partial: end.status !== "completed",
    notDone: cutJson(notDone, 400),
    usage: state.usage,
    ...files,
    ...lists,
  };
  const room = envelopeBytes - byteLength(JSON.stringify(bare)) - 40;
  return { ...bare, summary: cutJson(state.lastText || "(no words)", room) };
}

/** What was found on the host at the end, each part with its own room. */
function toFileParts(
  collected: Collected | undefined,
): Pick<Envelope, "stale" | "staleUnknown" | "diff"> {
  if (!collected) return { stale: [] };
  const { diff, staleUnknown } = collected;
  return {
    stale: first(collected.stale ?? [], 350),
    ...(staleUnknown && { staleUnknown: cutJson(staleUnknown, 150) }),
    ...(diff && {
      diff: {
        ...diff,
        ...(diff.outside && { outside: first(diff.outside, 250) }),
        ...(diff.kept && { kept: cutJson(diff.kept, 350) }),
      },
    }),
  };
}

/** The first items that have room together, then how many more there are. The last may say so already. */
function first(items: readonly string[], bytes: number): readonly string[] {
  const short = items.map((item) => cutJson(item, 80));
  let room = bytes;
  const fits = short.findIndex((item) => (room -= jsonLength(item) + 3) < 0);
  if (fits < 0) return short;
  const earlier = /^\+(\d+) more$/.exec(items.at(-1) ?? "");
  const more = items.length - fits + (earlier ? Number(earlier[1]) - 1 : 0);
  return [...short.slice(0, fits), `+${more} more`];
}

/** The envelope of a task that never ran. */
export function toEmptyEnvelope(end: TaskEnd, notDone: string): Envelope {
  return {
    status: end.status,
    ...("reason" in end && { reason: end.reason }),
    summary: "(no words)",
    partial: true,
    notDone,
    inDoubt: [],
    unseen: [],
    artifacts: [],
    usage: noUsage,
    receipts: [],
    stale: [],
  };
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
