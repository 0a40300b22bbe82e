// An apply that was broken off, taken back.
import { chmod, lstat, mkdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { toFileName } from "../file-name.ts";
import { absent, type Change } from "./read-changes.ts";
import { stopLeftover } from "../commands/running-groups.ts";
import { toWorktrees, type WorktreeRecord } from "./worktree-record.ts";

const side = z.object({ mode: z.string(), id: z.string() });
const sidesShape: z.ZodType<readonly Change[]> = z.array(
  z.object({ path: z.string(), from: side, to: side }),
);

const link = "120000";
const executable = "100755";

type Named = Pick<WorktreeRecord, "taskId">;

/** Where the touched files of both sides lie while a diff is applied. */
export function toKept(dir: string, { taskId }: Named): string {
  return join(toWorktrees(dir), `${toFileName(taskId)}.applying`);
}

export function toApplyGroup(dir: string, { taskId }: Named): string {
  return join(dir, "commands", `apply.${toFileName(taskId)}.json`);
}

/**
 * Brings every file that the broken-off apply wrote back to what it was. A file is touched only when
 * it holds the new content, a beginning of it, or nothing. Any other is somebody's work: then all stays,
 * and the paths of those are returned.
 */
export async function takeBack({
  dir,
  record,
}: {
  readonly dir: string;
  readonly record: WorktreeRecord;
}): Promise<readonly string[]> {
  await stopLeftover(toApplyGroup(dir, record));
  const folder = toKept(dir, record);
  const text = record.applying && (await readKept(folder, "sides.json"));
  if (!text) return [];
  const changes = sidesShape.parse(JSON.parse(text.toString()));
  const states = await Promise.all(
    changes.map(async (change) => ({ change, state: await look(folder, record.top, change) })),
  );
  const foreign = states
    .filter(({ state }) => state === "foreign")
    .map(({ change }) => change.path);
  if (foreign.length > 0) return foreign;
  for (const { change, state } of states) {
    if (state === "written") await restore(folder, record.top, change);
  }
  await rm(folder, { recursive: true, force: true });
  return [];
}

async function look(
  folder: string,
  top: string,
  { path, from, to }: Change,
): Promise<"untouched" | "written" | "foreign"> {
  const now = await readNow(join(top, path));
  const before = from.mode === absent ? undefined : await readKept(folder, from.id);
  const after = to.mode === absent ? undefined : await readKept(folder, to.id);
  if (now === undefined) return before === undefined ? "untouched" : "written";
  if (before && now.equals(before)) return from.mode === to.mode ? "untouched" : "written";
  if (after && after.subarray(0, now.length).equals(now)) return "written";
  return "foreign";
}

async function readNow(real: string): Promise<Buffer | undefined> {
  const stats = await lstat(real).catch(() => undefined);
  if (!stats || stats.isDirectory()) return undefined;
  return stats.isSymbolicLink() ? Buffer.from(await readlink(real)) : await readFile(real);
}

async function restore(folder: string, top: string, { path, from }: Change): Promise<void> {
  const real = join(top, path);
  await rm(real, { force: true });
  const before = from.mode === absent ? undefined : await readKept(folder, from.id);
  if (!before) return;
  await mkdir(dirname(real), { recursive: true });
  if (from.mode === link) return await symlink(before.toString(), real);
  await writeFile(real, before);
  if (from.mode === executable) await chmod(real, 0o755);
}

async function readKept(folder: string, name: string): Promise<Buffer | undefined> {
  return await readFile(join(folder, name)).catch(() => undefined);
}
