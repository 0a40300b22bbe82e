// One apply at a time, over all processes of this host.
import { link, mkdir, readdir, readFile, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, markOf, markShape } from "../commands/processes.ts";
import { toHash } from "../to-hash.ts";
import { toCode } from "../tool-problem.ts";
import { writeWhole } from "../write-whole.ts";

const againMs = 100;

/**
 * Work on the files of a repository's folder, once no other process is at it. What a killed one held is free.
 *
 * The newest of the numbered files says who is at it. It goes only when there is a newer one, and each number is
 * made once: whoever has looked at an old one too long finds the newer, and nobody ever takes away a held one.
 */
export async function withRepository<Result>(
  dir: string,
  top: string,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = { folder: join(dir, "locks"), name: `${toHash(top).slice(0, 12)}.` };
  await mkdir(lock.folder, { recursive: true });
  let file = await take(lock);
  while (file === undefined) {
    await sleep(againMs, undefined, { signal });
    file = await take(lock);
  }
  try {
    return await work();
  } finally {
    // What names no process holds up nobody. A full disk takes that, too.
    await truncate(file);
  }
}

interface Lock {
  readonly folder: string;
  readonly name: string;
}

/** The file that says so, or nothing while another process is at it. */
async function take(lock: Lock): Promise<string | undefined> {
  const before = (await numbersOf(lock)).at(-1) ?? 0;
  if (before > 0 && (await isHeld(toFile(lock, before)))) return undefined;
  const file = toFile(lock, before + 1);
  try {
    await writeWhole(file, JSON.stringify(markOf(process.pid) ?? {}), { place: link });
  } catch (error) {
    if (toCode(error) === "EEXIST") return undefined;
    throw error;
  }
  const numbers = await numbersOf(lock);
  if (numbers.at(-1) !== before + 1) {
    await rm(file, { force: true });
    return undefined;
  }
  for (const old of numbers.slice(0, -1)) await rm(toFile(lock, old), { force: true });
  return file;
}

/** Oldest first. */
async function numbersOf({ folder, name }: Lock): Promise<readonly number[]> {
  const names = (await readdir(folder)).filter((one) => one.startsWith(name));
  return names.map((one) => Number(one.slice(name.length))).toSorted((a, b) => a - b);
}

function toFile({ folder, name }: Lock, number: number): string {
  return join(folder, `${name}${number}`);
}

/** One that is gone has a newer one after it. */
async function isHeld(file: string): Promise<boolean> {
  try {
    return isAlive(markShape.parse(JSON.parse(await readFile(file, "utf8"))));
  } catch (error) {
    return toCode(error) === "ENOENT";
  }
}
