// The newest entries of a feed, within a budget.
import type { FeedEntry, FeedEvent, FeedPage, SupervisorStatus } from "../../protocol/feed.ts";
import { byteLength } from "../../protocol/text.ts";

export interface Feed {
  readonly entries: readonly FeedEntry[];
  readonly last: number;
  readonly bytes: number;
}

export const emptyFeed: Feed = { entries: [], last: 0, bytes: 0 };

const keptBytes = 128_000;
const keptEntries = 400;

export function addEntry(feed: Feed, at: string, turn: number, event: FeedEvent): Feed {
  const entry: FeedEntry = { n: feed.last + 1, at, turn, event };
  const entries = [...feed.entries, entry];
  return trimFeed({ entries, last: entry.n, bytes: feed.bytes + sizeOf(entry) }, keptBytes);
}

/** The newest entries that fit, one at least. */
export function trimFeed(feed: Feed, mostBytes: number): Feed {
  const entries = [...feed.entries];
  let { bytes } = feed;
  while (entries.length > 1 && (bytes > mostBytes || entries.length > keptEntries)) {
    const oldest = entries.shift();
    if (oldest) bytes -= sizeOf(oldest);
  }
  return { entries, last: feed.last, bytes };
}

export function readFeed(feed: Feed, after: number, status: SupervisorStatus): FeedPage {
  const first = feed.entries[0]?.n ?? feed.last + 1;
  return {
    entries: feed.entries.filter((entry) => entry.n > after),
    last: feed.last,
    dropped: Math.max(0, first - 1 - after),
    status,
  };
}

function sizeOf(entry: FeedEntry): number {
  return byteLength(JSON.stringify(entry));
}
