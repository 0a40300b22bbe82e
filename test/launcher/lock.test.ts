// The lock: one holder, and no dead one.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { lockHolder, withLock } from "../../client/installation/lock.ts";
import { ownMark } from "../../client/installation/processes.ts";
import { newPlace, type Place, untilGone } from "./place.ts";

// Whole processes start here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const processes = 5;
const times = 8;

function counter(place: Place): string {
  const file = join(place.folder, "count");
  writeFileSync(file, "0");
  return file;
}

async function countInParallel(place: Place, lock: string, file: string): Promise<void> {
  const counting = Array.from({ length: processes }, () =>
    place.fixture("count-under-lock.ts", [lock, file, String(times)]),
  );
  expect(await Promise.all(counting.map(({ ended }) => ended))).toEqual(Array(processes).fill(0));
}

test("processes that race for the lock hold it one after the other", async () => {
  const place = newPlace();
  const file = counter(place);
  await countInParallel(place, join(place.folder, "lock"), file);
  expect(Number(readFileSync(file, "utf8"))).toBe(processes * times);
});

test("processes that race for the lock of a killed holder get it one after the other", async () => {
  const place = newPlace();
  const lock = join(place.folder, "lock");
  const holder = place.fixture("hold-lock.ts", [lock]);
  await holder.until(/held/);
  expect(lockHolder(lock)).toEqual(holder.mark);
  holder.signal("SIGKILL");
  await untilGone(holder.mark);
  expect(lockHolder(lock)).toBeUndefined();
  const file = counter(place);
  await countInParallel(place, lock, file);
  expect(Number(readFileSync(file, "utf8"))).toBe(processes * times);
});

test("a holder whose process id was given again does not hold it", async () => {
  const place = newPlace();
  const lock = join(place.folder, "lock");
  await withLock(lock, async () => undefined);
  const earlier = { pid: process.pid, start: "1", released: false };
  writeFileSync(join(lock, "7"), JSON.stringify(earlier));
  const held = await withLock(lock, async () => lockHolder(lock));
  expect(held).toEqual(ownMark());
});

test("waiting for the lock can be given up", async () => {
  const place = newPlace();
  const lock = join(place.folder, "lock");
  const giveUp = new AbortController();
  await withLock(lock, async () => {
    const waiting = withLock(lock, async () => "never", {
      signal: giveUp.signal,
      onWait: () => giveUp.abort(),
    });
    await expect(waiting).rejects.toThrow(/abort/);
  });
});
