// Findings found, heard and posted, as plain state.
import type { Finding, FindingsNews, Posted } from "../../protocol/findings.ts";
import { cutText, newest } from "../../protocol/text.ts";

export interface FindingBoard {
  /** The number of the newest one. */
  readonly last: number;
  /** The newest that fit, oldest first. */
  readonly items: readonly Finding[];
  /** Up to which one the agent's own model has been told. */
  readonly told: number;
  /** The same for each open task that was told of any. */
  readonly handed: Readonly<Record<string, number>>;
}

export const emptyFindings: FindingBoard = { last: 0, items: [], told: 0, handed: {} };

/** What is kept, and so what one piece of news may hold. */
const kept = { count: 40, bytes: 20_000 } as const;
/** What a task is told of the time before it began. */
const keptAtStart = { count: 10, bytes: 5_000 } as const;

export function addFinding(board: FindingBoard, given: Omit<Finding, "n">): FindingBoard {
  const last = board.last + 1;
  return { ...board, last, items: newest([...board.items, { n: last, ...given }], kept) };
}

/** What a task beside the finders has not been told. Its own findings are no news to it. */
export function newsFor(board: FindingBoard, taskId: string): FindingsNews {
  const after = board.handed[taskId] ?? 0;
  const unseen = board.items.filter((item) => item.n > after);
  return {
    after,
    items: unseen.filter((item) => item.taskId !== taskId),
    dropped: countDropped(board, after),
  };
}

/** The newest ones, for a task that begins now. */
export function newsAtStart({ items }: FindingBoard): FindingsNews {
  return { after: 0, items: newest(items, keptAtStart), dropped: 0 };
}

/** A task was told of everything up to a number. */
export function markHanded(board: FindingBoard, taskId: string, upTo: number): FindingBoard {
  const before = board.handed[taskId] ?? 0;
  return { ...board, handed: { ...board.handed, [taskId]: Math.max(before, upTo) } };
}

/** Only open tasks are told anything any more. */
export function keepReaders(board: FindingBoard, open: ReadonlySet<string>): FindingBoard {
  const handed = Object.entries(board.handed).filter(([taskId]) => open.has(taskId));
  return { ...board, handed: Object.fromEntries(handed) };
}

/** What the agent's own model has not been told, now told. */
export function takeUntold(board: FindingBoard): {
  readonly board: FindingBoard;
  readonly news: FindingsNews;
} {
  const after = board.told;
  const items = board.items.filter((item) => item.n > after);
  const news = { after, items, dropped: countDropped(board, after) };
  return { board: { ...board, told: board.last }, news };
}

function countDropped({ items, last }: FindingBoard, after: number): number {
  return Math.max(0, (items[0]?.n ?? last + 1) - 1 - after);
}

/** What a task has heard from the others and its model has not yet seen. */
export interface Heard {
  /** The highest number it was told, so that a repeat has no effect. */
  readonly taken: number;
  readonly items: readonly Finding[];
  readonly dropped: number;
}

export const nothingHeard: Heard = { taken: 0, items: [], dropped: 0 };

/** Each finding once. What there is no room for is counted. */
export function hear(heard: Heard, news: FindingsNews): Heard {
  const fresh = news.items.filter((item) => item.n > heard.taken);
  const isFresh = fresh.length > 0;
  const all = [...heard.items, ...fresh];
  const items = newest(all, kept);
  return {
    taken: Math.max(heard.taken, ...fresh.map((item) => item.n)),
    items,
    dropped: heard.dropped + (isFresh ? news.dropped : 0) + all.length - items.length,
  };
}

/** What a task has posted itself. */
export interface OwnFindings {
  readonly count: number;
  /** The newest 10. */
  readonly texts: readonly string[];
}

export const nothingPosted: OwnFindings = { count: 0, texts: [] };

const ownKept = 10;

export function addOwn({ count, texts }: OwnFindings, text: string): OwnFindings {
  return { count: count + 1, texts: [...texts, text].slice(-ownKept) };
}

export function toPosted({ count, texts }: OwnFindings): Posted {
  return { count, newest: cutText(texts.at(-1) ?? "", 200) };
}
