// Worktrees that no task needs any more, removed.
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { releaseWorktree } from "./collect-task.ts";
import { createGit } from "./git.ts";
import type { WorktreeDeps } from "./make-worktree.ts";
import { isAlive, markShape } from "../commands/processes.ts";
import { readJson } from "../read-json.ts";
import { removeFolder } from "./remove-worktree.ts";
import { readMade, toWorktrees } from "./worktree-record.ts";

const readsKeptMs = 30 * 24 * 3_600_000;

/**
 * Removes what dead workers left half made, and the worktrees of tasks that have ended, once their
 * diffs are taken. `hasEnded` throws when it cannot tell.
 */
export async function sweepWorktrees(
  deps: WorktreeDeps,
  hasEnded: (taskId: string) => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  await removeHalfMade(deps);
  for (const { taskId } of await readMade(deps.dir)) {
    signal.throwIfAborted();
    if (await hasEnded(taskId).catch(() => false)) {
      await releaseWorktree(deps, { taskId }, signal).catch(() => undefined);
    }
  }
  await removeOldReads(deps.dir);
}

const noteShape = z.object({ owner: markShape, top: z.string() });

async function removeHalfMade({ dir, env }: WorktreeDeps): Promise<void> {
  const folder = toWorktrees(dir);
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => one.endsWith(".making"))) {
    const file = join(folder, name);
    const note = await readJson(file, noteShape);
    if (!note || isAlive(note.owner)) continue;
    const path = file.slice(0, -".making".length);
    const made = (await readMade(dir)).some((record) => record.path === path);
    if (!made) await removeFolder(createGit(env), note.top, path);
    await rm(file, { force: true });
  }
}

/** Small, but one for each task that ever read a file. */
async function removeOldReads(dir: string): Promise<void> {
  const folder = join(dir, "reads");
  for (const name of await readdir(folder).catch(() => [])) {
    const file = join(folder, name);
    const stats = await stat(file).catch(() => undefined);
    if (stats && Date.now() - stats.mtimeMs > readsKeptMs) await rm(file, { force: true });
  }
}
