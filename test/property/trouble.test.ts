// What counts as trouble, for any calls.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { troubleStages } from "../../protocol/trouble.ts";
import {
  calmDown,
  newStages,
  noTrouble,
  toFingerprint,
  type TracedCall,
  type TroubleWatch,
  watchTurn,
} from "../../workflows/turn/trouble.ts";
import { holds } from "./property.ts";

const limits = { troubleRepeats: 3, troubleFailures: 4, troubleIdleTurns: 5 };
const at = "2026-11-21T00:00:00.000Z";
const traced = (name: string, failed = false, waits = false): TracedCall => ({
  call: toFingerprint(name, {}),
  label: name,
  failed,
  waits,
});

/** The watch after each turn. */
function watchAll(turns: readonly (readonly TracedCall[])[]): readonly TroubleWatch[] {
  let watch = noTrouble;
  return turns.map((calls) => (watch = watchTurn(watch, calls, limits, at)));
}
const stagesOf = (turns: readonly (readonly TracedCall[])[]) =>
  watchAll(turns).map(({ episode }) => episode?.stage ?? null);
const times = <Item>(count: number, item: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => item(index));

const turn = fc.array(
  fc.record({
    call: fc.constantFrom("a", "b", "c", "d").map((name) => toFingerprint(name, {})),
    label: fc.constantFrom("x", "é".repeat(300)),
    failed: fc.boolean(),
    waits: fc.boolean(),
  }),
  { minLength: 1, maxLength: 4 },
);

test("the same call is trouble for the agent, for its parent and for a person at once, twice and three times the limit", () => {
  const stages = stagesOf(times(10, () => [traced("a")]));
  expect(stages).toEqual([
    ...times(2, () => null),
    ...times(3, () => "agent"),
    ...times(3, () => "parent"),
    ...times(2, () => "person"),
  ]);
});

test("failed calls in a row are trouble whatever is called, and one that works ends it", () => {
  const failing = times(8, (index) => [traced(`new ${index}`, true)]);
  expect(stagesOf(failing)).toEqual([
    ...times(3, () => null),
    ...times(4, () => "agent"),
    "parent",
  ]);
  expect(stagesOf([...failing, [traced("works")]]).at(-1)).toBeNull();
});

test("going round in circles is trouble, too, though no call is made often", () => {
  const round = times(40, (index) => [traced(`call ${index % 20}`)]);
  const watched = watchAll(round);
  expect(watched[23]?.episode).toBeNull();
  expect(watched[24]?.episode).toMatchObject({ kind: "idle", stage: "agent" });
});

test("tests that run after every edit are none, nor is what waits by its nature", () => {
  const edits = times(30, (index) => [traced(index % 2 ? "npm test" : `edit ${index}`)]);
  expect(new Set(stagesOf(edits))).toEqual(new Set([null]));
  const waits = times(30, () => [traced("wait_for_event", false, true)]);
  expect(new Set(stagesOf(waits))).toEqual(new Set([null]));
});

test("something new, and words from outside, begin the count anew", () => {
  const twice = times(2, () => [traced("a")]);
  expect(stagesOf([...twice, [traced("b")], ...twice])).toEqual(times(5, () => null));
  const watch = calmDown(watchAll(times(7, () => [traced("a")])).at(-1)!);
  expect(watch.episode).toBeNull();
  expect(watchTurn(watch, [traced("a")], limits, at).episode).toBeNull();
});

test(
  "in one episode nobody is told less than before, and each stage is told once",
  holds(fc.array(turn, { maxLength: 60 }), (turns) => {
    let watch = noTrouble;
    let told: string[] = [];
    for (const calls of turns) {
      const next = watchTurn(watch, calls, limits, at);
      if (!next.episode) told = [];
      told.push(...newStages(watch.episode, next.episode));
      expect(told).toEqual(troubleStages.slice(0, told.length));
      if (next.episode) expect(told.at(-1)).toBe(next.episode.stage);
      watch = next;
    }
  }),
);

test(
  "whoever does something new with success each time is never in trouble",
  holds(fc.array(turn, { maxLength: 60 }), (turns) => {
    const fresh = turns.map((calls, index) => [
      ...calls.map((call) => ({ ...call, failed: false })),
      traced(`new ${index}`),
    ]);
    expect(stagesOf(fresh).filter((stage) => stage !== null)).toEqual([]);
  }),
);

test(
  "what is watched stays small, and survives a roll",
  holds(
    fc.array(fc.array(fc.nat(400), { minLength: 1, maxLength: 150 }), { maxLength: 20 }),
    (turns) => {
      const watched = watchAll(
        turns.map((calls) => calls.map((n) => traced(`read_file ${"x".repeat(200)} ${n}`, true))),
      );
      for (const watch of watched) {
        const asJson = JSON.stringify(watch);
        expect(Buffer.byteLength(asJson)).toBeLessThan(6_000);
        expect(JSON.parse(asJson)).toEqual(watch);
      }
    },
    50,
  ),
);

test(
  "the order of arguments makes no other call, another value does",
  holds(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (input) => {
    const turned = Object.fromEntries(Object.entries(input).toReversed());
    expect(toFingerprint("t", turned)).toBe(toFingerprint("t", input));
    expect(toFingerprint("t", { ...input, more: 1, [`${Object.keys(input)[0]}!`]: 2 })).not.toBe(
      toFingerprint("t", input),
    );
    expect(toFingerprint("u", input)).not.toBe(toFingerprint("t", input));
  }),
);
