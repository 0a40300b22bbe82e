// The measurements, as a reader starts them.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { rows } from "../../bench/rows/index.ts";
import type { Line } from "../../bench/support/row.ts";
import { toTable } from "../../bench/support/to-table.ts";
import { newPlace } from "../launcher/place.ts";

test("the help names every row", async () => {
  const help = newPlace("bench").shell("npm run bench -- --help");
  expect(await help.ended).toBe(0);
  for (const name of [...rows.keys(), "durability", "history"])
    expect(help.out()).toContain(`\n  ${name} `);
});

test("the page on performance explains every row", () => {
  const page = readFileSync(new URL("../../docs/performance.md", import.meta.url), "utf8");
  const explained = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  expect(explained).toEqual([...rows.keys()]);
});

test("a row that is not there is said, with those that are", async () => {
  const wrong = newPlace("bench").shell("npm run bench -- turns");
  expect(await wrong.ended).toBe(2);
  expect(wrong.err()).toMatch(/There is no row turns[\s\S]*\n {2}turn /);
});

test("one row runs by itself, Bosun beside the bare program", async () => {
  const run = newPlace("bench").shell("npm run bench -- message --rounds 1");
  expect({ code: await run.ended, err: run.err() }).toMatchObject({ code: 0 });
  expect(run.out()).toMatch(/\| a message until its model request \| +\d+ ms *\| +\d+ ms *\|/);
}, 90_000);

test("a goal is held against the figure of Bosun, or against its share of the bare one", () => {
  const pair = { bare: 10, bosun: 20, unit: "" };
  const lines: readonly Line[] = [
    { ...pair, what: "a", goal: { of: "bosun", is: "at most", limit: 20 } },
    { ...pair, what: "b", goal: { of: "bosun", is: "at most", limit: 19 } },
    { ...pair, what: "c", goal: { of: "ratio", is: "at least", limit: 2 } },
    { ...pair, what: "d", goal: { of: "ratio", is: "at least", limit: 2.1 } },
    { ...pair, what: "e" },
  ];
  const last = toTable(lines)
    .split("\n")
    .slice(2)
    .map((line) => line.split("|").at(-2)?.trim());
  expect(last).toEqual(["met", "missed", "met", "missed", ""]);
});
