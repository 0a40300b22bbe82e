// What is known on this host of each isolated task's worktree.
import { link, mkdir, readdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { toFileName } from "../file-name.ts";
import { toCode } from "../tool-problem.ts";
import { writeWhole } from "../write-whole.ts";

const summaryShape = z.object({
  files: z.int(),
  insertions: z.int(),
  deletions: z.int(),
  base: z.string(),
  artifact: z.string().exactOptional(),
  outside: z.array(z.string()).readonly().exactOptional(),
  kept: z.string().exactOptional(),
});

/** A diff that lies in the artifacts, by what it was when it was taken. */
const takenShape = z.object({
  summary: summaryShape,
  /** What the worktree held. */
  tree: z.string(),
  sha256: z.string(),
  bytes: z.int(),
  /** Paths below the repository's top that applying it touches. */
  paths: z.array(z.string()).readonly(),
});

const recordShape = z.object({
  taskId: z.string(),
  rootId: z.string(),
  /** `gone`: removed, its diff was taken. */
  state: z.enum(["made", "gone"]),
  /** The worktree's top. */
  path: z.string(),
  /** The folder below both tops that the task works in: empty, or with a slash at its end. */
  prefix: z.string(),
  /** The top of the repository's folder that the task was started on. */
  top: z.string(),
  gitDir: z.string(),
  base: z.string(),
  scopes: z.array(z.array(z.string()).readonly()).readonly(),
  maxDiffBytes: z.int(),
  worktree: z.object({
    base: z.string(),
    uncommitted: z.array(z.string()).readonly(),
    more: z.int(),
    notes: z.array(z.string()).readonly(),
  }),
  taken: takenShape.exactOptional(),
  appliedAt: z.string().exactOptional(),
  /** While a diff is being applied: the touched files before and after, as trees. */
  applying: z.object({ before: z.string(), after: z.string() }).exactOptional(),
});

export type TakenDiff = Readonly<z.infer<typeof takenShape>>;
export type WorktreeRecord = Readonly<z.infer<typeof recordShape>>;

/** Everything that belongs to worktrees, below Bosun's state. */
export function toWorktrees(dir: string): string {
  return join(dir, "worktrees");
}

function toFile(dir: string, taskId: string): string {
  return join(toWorktrees(dir), `${toFileName(taskId)}.json`);
}

/** Throws when there is one that cannot be read: it may be all that names a worktree. */
export async function readRecord(dir: string, taskId: string): Promise<WorktreeRecord | undefined> {
  try {
    return recordShape.parse(JSON.parse(await readFile(toFile(dir, taskId), "utf8")));
  } catch (error) {
    if (toCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** The first record of a task is the one that counts. Says whether it was this one. */
export async function placeRecord(dir: string, record: WorktreeRecord): Promise<boolean> {
  const text = JSON.stringify(record);
  try {
    await writeWhole(toFile(dir, record.taskId), text, { place: link });
    return true;
  } catch (error) {
    if (toCode(error) === "EEXIST") return false;
    throw error;
  }
}

export async function keepRecord(dir: string, record: WorktreeRecord): Promise<WorktreeRecord> {
  await writeWhole(toFile(dir, record.taskId), JSON.stringify(record));
  return record;
}

/** All whose worktrees may still be there. One that cannot be read is left alone. */
export async function readMade(dir: string): Promise<readonly WorktreeRecord[]> {
  const names = await readdir(toWorktrees(dir)).catch(() => []);
  const records = await Promise.all(
    names
      .filter((name) => name.endsWith(".json"))
      .map((name) => readRecord(dir, name.slice(0, -5)).catch(() => undefined)),
  );
  return records.filter((record) => record !== undefined).filter(({ state }) => state === "made");
}

/** The folder, made if need be, by its real path. */
export async function openWorktrees(dir: string): Promise<string> {
  await mkdir(toWorktrees(dir), { recursive: true });
  return await realpath(toWorktrees(dir));
}

const turns = new Map<string, Promise<unknown>>();

/** One piece of work after the other on the same thing, within this process. */
export async function inTurn<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
  const before = turns.get(key) ?? Promise.resolve();
  const mine = before.then(work, work);
  const done = mine.catch(() => undefined);
  turns.set(key, done);
  try {
    return await mine;
  } finally {
    if (turns.get(key) === done) turns.delete(key);
  }
}
