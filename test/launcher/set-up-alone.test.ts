// One set-up at a time, and none that waits for the dead.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { newPlace, type Place, untilGone } from "./place.ts";

// Whole processes start here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const lockOf = ({ folder }: Place) => join(folder, "bosun", "test.lock");
const setUp = (place: Place) =>
  place.fixture("set-up-lock.ts", [], { XDG_CACHE_HOME: place.folder });

test("a set-up waits until another one is done, and says for which", async () => {
  const place = newPlace();
  const first = setUp(place);
  await first.until(/began/);
  const second = setUp(place);
  await second.until(new RegExp(`Waiting for another set-up \\(process ${first.mark.pid}\\)`));
  expect(second.out()).toBe("");
  first.signal("SIGUSR2");
  expect(await first.ended).toBe(0);
  await second.until(/began/);
  second.signal("SIGUSR2");
  expect(await second.ended).toBe(0);
  expect(readdirSync(join(place.folder, "bosun"))).toEqual([]);
});

test.each([
  { signal: "SIGINT", code: 130 },
  { signal: "SIGTERM", code: 143 },
  { signal: "SIGHUP", code: 129 },
] as const)("$signal during set-up leaves no lock", async ({ signal, code }) => {
  const place = newPlace();
  const run = setUp(place);
  await run.until(/began/);
  run.signal(signal);
  expect(await run.ended).toBe(code);
  expect(readdirSync(join(place.folder, "bosun"))).toEqual([]);
});

test("the lock of a killed set-up is taken over", async () => {
  const place = newPlace();
  const killed = setUp(place);
  await killed.until(/began/);
  killed.signal("SIGKILL");
  await untilGone(killed.mark);
  expect(readFileSync(lockOf(place), "utf8")).toMatch(new RegExp(`^${killed.mark.pid} `));
  const next = setUp(place);
  await next.until(/began/);
});

test("a lock is taken over when somebody else has its process id by now", async () => {
  const place = newPlace();
  mkdirSync(join(place.folder, "bosun"));
  writeFileSync(lockOf(place), `${process.pid} 1`);
  const next = setUp(place);
  await next.until(/began/);
  expect(next.err()).toBe("");
});
