// One apply at a time, over all processes of this host.
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { link, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, markOf, markShape } from "../commands/processes.ts";
import { toHash } from "./take-diff.ts";
import { toCode } from "../tools/tool-problem.ts";
import { openWorktrees } from "./worktree-record.ts";
import { writeWhole } from "../write-whole.ts";

const againMs = 100;

/** Work on the files of a repository's folder, once no other process is at it. What a killed one held is free. */
export async function withRepository<Result>(
  dir: string,
  top: string,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  const file = join(await openWorktrees(dir), `${toHash(Buffer.from(top)).slice(0, 12)}.lock`);
  while (!(await take(file))) {
    await freeOfDead(file);
    await sleep(againMs, undefined, { signal });
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string): Promise<boolean> {
  try {
    await writeWhole(file, JSON.stringify(markOf(process.pid) ?? {}), { place: link });
    return true;
  } catch (error) {
    if (toCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Moved aside before it goes: another process may have done so already, and hold a new one. */
async function freeOfDead(file: string): Promise<void> {
  if (!existsSync(file) || (await isHeld(file))) return;
  const aside = `${file}.${randomBytes(3).toString("hex")}`;
  try {
    await rename(file, aside);
    if (await isHeld(aside)) await link(aside, file);
  } catch (error) {
    if (toCode(error) !== "ENOENT" && toCode(error) !== "EEXIST") throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

/** One that names no process holds up nobody. One that is gone meanwhile is somebody else's next. */
async function isHeld(file: string): Promise<boolean> {
  try {
    return isAlive(markShape.parse(JSON.parse(await readFile(file, "utf8"))));
  } catch (error) {
    return toCode(error) === "ENOENT";
  }
}
