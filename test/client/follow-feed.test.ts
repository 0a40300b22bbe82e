// A feed followed through absent workers, to its end.
import { it } from "vitest";
import { followFeed, type FeedSource } from "../../client/follow-feed.ts";
import { RequestError } from "../../client/request-error.ts";
import type { FeedEntry, FeedEvent, FeedPage } from "../../protocol/feed.ts";

const entry = (n: number, event: FeedEvent = { type: "aside", text: String(n) }): FeedEntry => ({
  n,
  at: "2026-11-21T10:00:00.000Z",
  turn: 1,
  event,
});

const page = (...entries: readonly FeedEntry[]): FeedPage => ({
  entries,
  last: entries.at(-1)?.n ?? 0,
  dropped: 0,
  status: "idle",
});

/** Answers in order, and fails when it is asked once more. */
function scripted(
  answers: readonly (FeedPage | Error)[],
  over: () => boolean,
): FeedSource & { asked: number[] } {
  const left = [...answers];
  const asked: number[] = [];
  return {
    asked,
    isOver: async () => over(),
    read: async (after) => {
      asked.push(after);
      const answer = left.shift();
      if (!answer) throw new Error("asked once too often");
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

async function collect(source: FeedSource, onGap?: (open: boolean) => void): Promise<number[]> {
  const seen: number[] = [];
  for await (const { n } of followFeed(source, onGap ? { onGap } : {})) seen.push(n);
  return seen;
}

const nobody = () => new RequestError("noWorker", "nobody");

it.concurrent("ends after `ended`, each entry once", async ({ expect }) => {
  const source = scripted(
    [page(entry(1), entry(2)), page(entry(3), entry(4, { type: "ended" }))],
    () => false,
  );
  expect(await collect(source)).toEqual([1, 2, 3, 4]);
  expect(source.asked).toEqual([0, 2]);
});

it.concurrent("waits through absent workers, and says so once", async ({ expect }) => {
  const gaps: boolean[] = [];
  const source = scripted(
    [page(entry(1)), nobody(), nobody(), page(entry(2, { type: "ended" }))],
    () => false,
  );
  expect(await collect(source, (open) => gaps.push(open))).toEqual([1, 2]);
  expect(gaps).toEqual([true, false]);
});

it.concurrent("ends without a last entry when the workflow was terminated", async ({ expect }) => {
  const source = scripted(
    [page(entry(1)), ...Array.from({ length: 12 }, () => page())],
    () => true,
  );
  expect(await collect(source)).toEqual([1]);
});

it.concurrent("ends when the workflow has closed and no worker is there to say it", async ({
  expect,
}) => {
  const source = scripted([page(entry(1)), nobody(), nobody()], () => true);
  expect(await collect(source)).toEqual([1]);
});

it.concurrent("an unknown id is an error", async ({ expect }) => {
  const source = scripted([new RequestError("unknown", "who")], () => false);
  await expect(collect(source)).rejects.toThrow("who");
});

it.concurrent("stops at once when its signal aborts", async ({ expect }) => {
  const controller = new AbortController();
  const source = scripted([page(entry(1), entry(2))], () => false);
  const seen: number[] = [];
  for await (const { n } of followFeed(source, { signal: controller.signal })) {
    seen.push(n);
    controller.abort();
  }
  expect(seen).toEqual([1]);
});
