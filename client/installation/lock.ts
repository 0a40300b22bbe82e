// One process at a time changes what runs here.
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { isAlive, type Mark, markShape, ownMark } from "./processes.ts";
import { createWhole, readJson, writeWhole } from "./state-files.ts";

/*
 * A lock is a folder of numbered tickets. The highest ticket holds the lock while its owner is
 * alive and has not released it. The next ticket is created whole or not at all, so one process
 * wins, also over a dead owner. The highest is never deleted, so no number is given twice.
 */

const ticketShape = markShape.extend({ released: z.boolean() });

interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once, when somebody else holds the lock. */
  readonly onWait?: (holder: Mark) => void;
}

/** Runs `work` while no other process runs any under the same folder. */
export async function withLock<T>(
  folder: string,
  work: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  mkdirSync(folder, { recursive: true });
  const ticket = await take(folder, options);
  try {
    return await work();
  } finally {
    writeWhole(join(folder, String(ticket)), JSON.stringify({ ...ownMark(), released: true }));
  }
}

/** Who holds the lock now. */
export function lockHolder(folder: string): Mark | undefined {
  return holderOf(folder, highest(folder));
}

async function take(folder: string, options: LockOptions): Promise<number> {
  let waiting = false;
  for (;;) {
    options.signal?.throwIfAborted();
    const last = highest(folder);
    const holder = holderOf(folder, last);
    if (holder === undefined) {
      if (tryTake(folder, last + 1)) return last + 1;
      continue;
    }
    if (!waiting) options.onWait?.(holder);
    waiting = true;
    await sleep(20);
  }
}

function tryTake(folder: string, ticket: number): boolean {
  const content = JSON.stringify({ ...ownMark(), released: false });
  if (!createWhole(join(folder, String(ticket)), content)) return false;
  // Whoever looked too long ago took a number that had been used and cleaned away.
  if (highest(folder) !== ticket) {
    rmSync(join(folder, String(ticket)), { force: true });
    return false;
  }
  for (const older of tickets(folder).filter((number) => number < ticket)) {
    rmSync(join(folder, String(older)), { force: true });
  }
  return true;
}

function holderOf(folder: string, ticket: number): Mark | undefined {
  const read = ticketShape.safeParse(readJson(join(folder, String(ticket))));
  if (!read.success || read.data.released) return undefined;
  return isAlive(read.data) ? { pid: read.data.pid, start: read.data.start } : undefined;
}

function highest(folder: string): number {
  return Math.max(0, ...tickets(folder));
}

function tickets(folder: string): number[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}
