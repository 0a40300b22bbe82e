// What has arrived and is not yet in the transcript.
import type { SteeringNote } from "../../protocol/messages.ts";
import { byteLength } from "../../protocol/text.ts";

export type InboxItem =
  | { readonly type: "message"; readonly id: string; readonly text: string }
  | { readonly type: "note"; readonly note: SteeringNote }
  /** The task's end. What it left is read from the board when the item is taken. */
  | { readonly type: "ended"; readonly taskId: string }
  /** Words of Bosun itself. */
  | { readonly type: "notice"; readonly text: string };

export type Inbox = readonly InboxItem[];

/** Completions that enter the transcript together. The rest wait for the next step boundary. */
const endsPerTurn = 20;

/** Splits an inbox into what enters the transcript now and what stays, words and ends each in order. */
export function drain(
  inbox: Inbox,
  mostBytes: number,
): { readonly taken: Inbox; readonly left: Inbox } {
  let ends = 0;
  let bytes = 0;
  let isFull = false;
  const isTaken = (item: InboxItem): boolean => {
    if (item.type === "ended") return ++ends <= endsPerTurn;
    const size = sizeOf(item);
    // Once something had to stay, nothing that came later may pass it.
    isFull ||= bytes > 0 && bytes + size > mostBytes;
    bytes += size;
    return !isFull;
  };
  const taken: InboxItem[] = [];
  const left: InboxItem[] = [];
  for (const item of inbox) (isTaken(item) ? taken : left).push(item);
  return { taken, left };
}

/** Whether somebody speaks: a person, or whoever steers the task. */
export function holdsWords(inbox: Inbox): boolean {
  return inbox.some((item) => item.type === "message" || item.type === "note");
}

/** Whether what an agent asked of a person has to give way: a person speaks, or a note that cannot wait. */
export function demandsAttention(inbox: Inbox): boolean {
  return inbox.some(
    (item) => item.type === "message" || (item.type === "note" && item.note.when === "now"),
  );
}

/** Sizes of items, which never change: thousands may arrive at once after an absence. */
const sizes = new WeakMap<InboxItem, number>();

function sizeOf(item: InboxItem): number {
  const known = sizes.get(item);
  if (known !== undefined) return known;
  const size = byteLength(JSON.stringify(item));
  sizes.set(item, size);
  return size;
}

export function bytesOf(inbox: Inbox): number {
  return inbox.reduce((sum, item) => sum + sizeOf(item), 0);
}
