// What a task leaves behind, cut to fit.
import { addSpent } from "../../protocol/budget.ts";
import type { Collected } from "../../protocol/isolation.ts";
import type { Envelope, TaskEnd, TaskError } from "../../protocol/task.ts";
import { byteLength, cutJson, jsonLength, newest } from "../../protocol/text.ts";
import type { AgentState } from "./agent-state.ts";

const envelopeBytes = 3_000;
/** What the task's own words have, however much else there is to tell. */
const leastSummary = 700;

/** The envelope of a task that ends now, from what it holds. */
export function toEnvelope(
  state: AgentState,
  end: TaskEnd,
  notDone: string,
  error?: TaskError,
): Envelope {
  // As long as a lease is out, only its parent can find out what was spent.
  const mayTell = state.spending.kept && Object.keys(state.account.leases).length === 0;
  const fixed = {
    status: end.status,
    ...("reason" in end && { reason: end.reason }),
    ...(state.asked && { asked: cutJson(state.asked, 160) }),
    summary: "",
    partial: end.status !== "completed" || state.cutShort,
    notDone: cutJson(notDone, 400),
    ...(error && { error: { ...error, type: cutJson(error.type, 100) } }),
    usage: state.usage,
    ...(mayTell && { spent: addSpent(state.account.spent, state.account.settled) }),
    ...toFileParts(state.files.collected),
  };
  const bare: Envelope = { ...fixed, ...toLists(state, roomBeside(fixed) - leastSummary) };
  return { ...bare, summary: cutJson(state.lastText || "(no words)", roomBeside(bare)) };
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

/** The names of all lists, with commas and brackets. */
const namesBytes = 110;

const roomBeside = (part: object): number =>
  envelopeBytes - byteLength(JSON.stringify(part)) - ("inDoubt" in part ? 40 : namesBytes);

type Lists = Pick<Envelope, "inDoubt" | "unseen" | "artifacts" | "receipts" | "files" | "evidence">;

/** What nobody else could tell comes first: each list takes of the room what those before it left. */
function toLists(state: AgentState, room: number): Lists {
  let left = room;
  const take = <Item>(items: readonly Item[], count: number, bytes: number): readonly Item[] => {
    const taken = newest(items, { count, bytes: Math.min(bytes, left) });
    left -= byteLength(JSON.stringify(taken));
    return taken;
  };
  const inDoubt = take(toShort(state.inDoubt), 5, 530);
  const unseen = take(toUnseen(state), 20, 400);
  const files = take(toShort(state.written), 10, 400);
  const artifacts = take(toShort(state.artifacts), 10, 600);
  const evidence = take(toShort(state.evidence), 10, 400);
  const receipts = take(state.receipts, 5, 500);
  return {
    inDoubt,
    unseen,
    artifacts,
    receipts,
    ...(files.length > 0 && { files }),
    ...(evidence.length > 0 && { evidence }),
  };
}

export function toShort(texts: readonly string[]): readonly string[] {
  return texts.map((text) => cutJson(text, 100));
}

/** Ids of notes that have come and are not in the transcript, those too for which there was no room. */
export function toUnseen({ inbox, leftOut }: AgentState): readonly string[] {
  const waiting = inbox.flatMap((item) => (item.type === "note" ? [item.note.noteId] : []));
  return [...waiting, ...leftOut.ids];
}
