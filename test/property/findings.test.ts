// Findings and claims, whatever comes in whatever order.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Claim } from "../../protocol/claims.ts";
import { findingBytes, toFindingText } from "../../protocol/findings.ts";
import { jsonLength } from "../../protocol/text.ts";
import { releaseClaims, takeClaim } from "../../workflows/sharing/claim-list.ts";
import {
  addFinding,
  addOwn,
  emptyFindings,
  type Heard,
  hear,
  keepReaders,
  markHanded,
  newsAtStart,
  newsFor,
  nothingHeard,
  nothingPosted,
  takeUntold,
} from "../../workflows/sharing/finding-board.ts";
import { anyText, holds, longText } from "./property.ts";

const at = "2026-11-21T00:00:00.000Z";
const who = fc.constantFrom("t-1", "t-2", "t-3");

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant("posts" as const), who }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("is handed" as const), who }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("is handed twice" as const), who }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("reads" as const), who }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("rolls" as const) }) },
);

test(
  "each task reads each finding of the others once, none of its own, and hears of those it missed",
  holds(fc.array(step, { maxLength: 200 }), (steps) => {
    let board = emptyFindings;
    const heard = new Map<string, Heard>();
    const read = new Map<string, number[]>();
    let missed = 0;
    let posted = 0;
    const handOver = (taskId: string): void => {
      const news = newsFor(board, taskId);
      heard.set(taskId, hear(heard.get(taskId) ?? nothingHeard, news));
    };
    const readAll = (taskId: string): void => {
      const so = heard.get(taskId) ?? nothingHeard;
      read.set(taskId, [...(read.get(taskId) ?? []), ...so.items.map(({ n }) => n)]);
      missed += so.dropped;
      heard.set(taskId, { ...nothingHeard, taken: so.taken });
    };
    for (const given of steps) {
      if (given.type === "posts") {
        posted += 1;
        const text = `${posted} ${"x".repeat(300)}`;
        board = addFinding(board, { taskId: given.who, agent: "a", at, text });
      } else if (given.type === "rolls") {
        board = JSON.parse(JSON.stringify(board)) as typeof board;
      } else if (given.type === "reads") readAll(given.who);
      else {
        handOver(given.who);
        if (given.type === "is handed twice") handOver(given.who);
        board = markHanded(board, given.who, board.last);
      }
    }
    for (const taskId of ["t-1", "t-2", "t-3"]) {
      handOver(taskId);
      readAll(taskId);
      const seen = read.get(taskId) ?? [];
      expect(seen).toEqual([...new Set(seen)].toSorted((a, b) => a - b));
      for (const { n, taskId: author } of board.items) {
        expect(seen.includes(n)).toBe(author !== taskId);
      }
    }
    expect(board.last).toBe(posted);
    if (posted <= 40) expect(missed).toBe(0);
  }),
);

test(
  "what is kept, sent and begun with stays small, for any words",
  holds(
    fc.array(fc.oneof(anyText(80), longText(3_000)), { minLength: 1, maxLength: 120 }),
    (texts) => {
      let board = emptyFindings;
      let own = nothingPosted;
      for (const [index, words] of texts.entries()) {
        const text = toFindingText(words);
        expect(jsonLength(text)).toBeLessThanOrEqual(findingBytes);
        const taskId = `researcher-${index}`.padEnd(100, "i");
        board = addFinding(board, { taskId, agent: "a".repeat(30), at, text });
        own = addOwn(own, text);
      }
      const sizes = [board, newsFor(board, "t"), takeUntold(board).news, newsAtStart(board), own];
      const most = [21_000, 21_000, 21_000, 6_000, 6_000];
      for (const [index, value] of sizes.entries()) {
        expect(Buffer.byteLength(JSON.stringify(value))).toBeLessThan(most[index]!);
      }
      expect(board.items.at(-1)?.n).toBe(texts.length);
      expect(takeUntold(takeUntold(board).board).news.items).toEqual([]);
    },
    100,
  ),
);

test("an ended task leaves nothing behind but what it has found", () => {
  const found = { taskId: "t-1", agent: "a", at, text: "x" };
  const board = markHanded(addFinding(emptyFindings, found), "t-2", 1);
  expect(keepReaders(board, new Set(["t-1"]))).toEqual({ ...board, handed: {} });
});

const claiming = fc.oneof(
  fc.record({
    type: fc.constant("claims" as const),
    who,
    key: fc.constantFrom("a", "b", "c", "d"),
  }),
  fc.record({ type: fc.constant("ends" as const), who, heard: fc.boolean() }),
);

test(
  "of many claims in any order a key has one owner, who has not ended, and nobody who runs loses one",
  holds(fc.array(claiming, { maxLength: 80 }), (steps) => {
    const most = 3;
    let claims: readonly Claim[] = [];
    const ended = new Set<string>();
    for (const given of steps) {
      if (ended.has(given.who)) continue;
      if (given.type === "ends") {
        ended.add(given.who);
        // The root hears of its own tasks only.
        if (given.heard) claims = releaseClaims(claims, given.who);
        continue;
      }
      const before = claims.filter(({ taskId }) => !ended.has(taskId));
      const owner = before.find(({ key }) => key === given.key);
      // As the activity asks: without, then with those it has found to be closed.
      const input = { key: given.key, taskId: given.who };
      const first = takeClaim(claims, { ...input, ended: [] }, most, at);
      const second = takeClaim(first.claims, { ...input, ended: [...ended] }, most, at);
      claims = second.claims;
      for (const claim of before) expect(claims).toContainEqual(claim);
      expect(new Set(claims.map(({ key }) => key)).size).toBe(claims.length);
      expect(claims.length).toBeLessThanOrEqual(most);
      const { answer } = second;
      if (owner) {
        expect(answer).toMatchObject(
          owner.taskId === given.who
            ? { status: "yours", known: true }
            : { status: "taken", taskId: owner.taskId },
        );
      } else expect(answer.status).toBe(before.length >= most ? "full" : "yours");
    }
  }),
);
