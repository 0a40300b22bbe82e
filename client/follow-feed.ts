// A feed as it grows, entry by entry.
import { setTimeout as sleep } from "node:timers/promises";
import type { FeedEntry, FeedPage } from "../protocol/feed.ts";
import { isRequestError } from "./request-error.ts";

export interface FeedSource {
  /** The entries after a number. Throws `RequestError` when nobody answers. */
  read(after: number): Promise<FeedPage>;
  /** Whether the workflow has closed, so that no further entry will come. */
  isOver(): Promise<boolean>;
}

export interface FollowOptions {
  /** The number of the last entry already seen. Default 0: from the oldest entry kept. */
  readonly after?: number;
  readonly signal?: AbortSignal;
  /** Told once when nobody answers any more (`true`), and once when somebody does again. */
  readonly onGap?: (open: boolean) => void;
}

const pollMs = 300;
/** Reads that brought nothing, until one asks whether anything can come. */
const quietReads = 10;

/** Ends after `ended`, when the workflow has closed, or when the signal aborts. */
export async function* followFeed(
  source: FeedSource,
  options: FollowOptions = {},
): AsyncGenerator<FeedEntry, void, undefined> {
  const { signal } = options;
  let after = options.after ?? 0;
  let quiet = 0;
  let gap = false;
  for (;;) {
    if (signal?.aborted) return;
    const mayBeOver = gap || quiet >= quietReads;
    const over = mayBeOver && (await settled(source.isOver(), false));
    const page = await readPage(source, after);
    if (gap !== (page === undefined)) {
      gap = !gap;
      options.onGap?.(gap);
    }
    for (const entry of page?.entries ?? []) {
      after = entry.n;
      yield entry;
      if (entry.event.type === "ended" || signal?.aborted) return;
    }
    const isQuiet = !page?.entries.length;
    if (over && isQuiet) return;
    quiet = isQuiet && !over && !mayBeOver ? quiet + 1 : 0;
    await settled(sleep(pollMs, undefined, { signal }), undefined);
  }
}

/** Nothing when nobody answers just now. An id that does not exist is an error. */
async function readPage(source: FeedSource, after: number): Promise<FeedPage | undefined> {
  try {
    return await source.read(after);
  } catch (error) {
    if (isRequestError(error, "noWorker", "unreachable")) return undefined;
    throw error;
  }
}

async function settled<T>(promise: Promise<T>, otherwise: T): Promise<T> {
  return promise.catch(() => otherwise);
}
