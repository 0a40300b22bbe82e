// Deadlines, waits and kept events, in any order.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { dueAt, prolongLate, timeLeft, toDeadline } from "../../protocol/deadline.ts";
import {
  type EventBox,
  type KeptEvent,
  putEvent,
  sizeOfEvent,
  takeFrom,
  toKeptEvent,
} from "../../workflows/waits/event-box.ts";
import { nextDue, splitDue, type Wait, withoutEvent } from "../../workflows/waits/waits.ts";
import { anyText, holds } from "./property.ts";

const start = Date.parse("2026-11-21T08:00:00.000Z");
const span = fc.nat(10_000_000);

test(
  "a pause moves a deadline by its length, and stops it while it lasts",
  holds(
    fc.tuple(fc.integer({ min: 1, max: 600 }), span, span, span),
    ([minutes, pausedMs, elapsed, more]) => {
      const deadline = toDeadline(minutes, start);
      const nowMs = start + elapsed;
      const running = { pausedAt: null, pausedMs };
      expect(timeLeft(deadline, running, nowMs)).toBe(minutes * 60_000 + pausedMs - elapsed);
      const paused = { pausedAt: new Date(nowMs).toISOString(), pausedMs };
      expect(timeLeft(deadline, paused, nowMs + more)).toBeUndefined();
      const resumed = { pausedAt: null, pausedMs: pausedMs + more };
      expect(timeLeft(deadline, resumed, nowMs + more)).toBe(timeLeft(deadline, running, nowMs));
    },
  ),
);

test(
  "a deadline that was noticed late is prolonged once, by its length and an hour at most",
  holds(fc.tuple(fc.integer({ min: 1, max: 600 }), span, span), ([minutes, pausedMs, late]) => {
    const deadline = toDeadline(minutes, start);
    const pauses = { pausedAt: null, pausedMs };
    const given = { nowMs: dueAt(deadline, pauses) + late, lateMs: 60_000 };
    const longer = prolongLate(deadline, pauses, given);
    if (late <= 60_000) return expect(longer).toBeUndefined();
    const more = Math.min(minutes * 60_000, 3_600_000);
    expect(timeLeft(longer!, pauses, given.nowMs)).toBe(more);
    const again = { nowMs: given.nowMs + more + 600_000, lateMs: 60_000 };
    expect(prolongLate(longer!, pauses, again)).toBeUndefined();
  }),
);

const event = fc.record({ name: fc.nat(30), data: anyText(9_000) });

test(
  "of the events that nobody has waited for the newest are kept, each name in its order",
  holds(
    fc.array(event, { maxLength: 60, size: "max" }),
    (given) => {
      let box: EventBox = [];
      const gone: KeptEvent[] = [];
      const all: KeptEvent[] = [];
      for (const [n, { name, data }] of given.entries()) {
        const kept = toKeptEvent({ eventId: `e-${n}`, name: `n${name}`, data }, "then");
        all.push(kept);
        const put = putEvent(box, kept);
        box = put.box;
        gone.push(...put.dropped);
        expect(box.at(-1)).toBe(kept);
        expect(new Set(box.map((one) => one.name)).size).toBeLessThanOrEqual(20);
        const size = box.reduce((sum, one) => sum + sizeOfEvent(one), 0);
        if (box.length > 1) expect(size).toBeLessThanOrEqual(64_000);
      }
      // Nothing vanishes unnamed, and what is kept is the newest, in order.
      expect([...gone, ...box]).toEqual(all);
      for (const { name } of box) {
        const taken = takeFrom(box, name);
        expect(taken?.event).toBe(box.find((one) => one.name === name));
        box = taken?.box ?? box;
      }
      expect(box).toEqual([]);
    },
    60,
  ),
);

const wait = fc.oneof(
  fc.record({
    type: fc.constant("event" as const),
    name: fc.constantFrom("a", "b", "c"),
    until: span.map((ms) => new Date(start + ms).toISOString()),
  }),
  fc.record({
    type: fc.constant("tasks" as const),
    taskIds: fc.constant(["t-1"]),
    mode: fc.constantFrom("any" as const, "all" as const),
    until: span.map((ms) => new Date(start + ms).toISOString()),
  }),
);

test(
  "a wait is due at its time and not before, and a new call takes the place of one",
  holds(fc.tuple(fc.array(wait, { maxLength: 20, size: "max" }), span), ([waits, elapsed]) => {
    const given: readonly Wait[] = waits;
    const { due, open } = splitDue(given, start + elapsed);
    expect(due.length + open.length).toBe(given.length);
    if (open.length > 0) expect(nextDue(open)).toBeGreaterThan(start + elapsed);
    const named = given.filter((one) => one.type === "event" && one.name === "a");
    expect(withoutEvent(given, "a").length).toBe(given.length - Math.min(1, named.length));
  }),
);
