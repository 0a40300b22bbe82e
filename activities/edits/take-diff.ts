// What a worktree changed, as one diff in the artifacts.
import { existsSync } from "node:fs";
import {
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  utimes,
} from "node:fs/promises";
import { join } from "node:path";
import type { DiffSummary } from "../../protocol/isolation.ts";
import { cutText } from "../../protocol/text.ts";
import { toFileName } from "../file-name.ts";
import { toHash } from "../to-hash.ts";
import { createGit, type Git, GitFailure } from "./git.ts";
import { toShownPath, type WorktreeDeps } from "./make-worktree.ts";
import { parseNumstat } from "./numstat.ts";
import { absent, type Change, gitlink, readChanges } from "./read-changes.ts";
import { readWrites } from "./read-log.ts";
import { toScopeTest } from "./scope.ts";
import { isPrivate } from "../tools/jail.ts";
import { toCode } from "../tool-problem.ts";
import { keepRecord, readRecord, type TakenDiff, type WorktreeRecord } from "./worktree-record.ts";

export interface Taken {
  readonly record: WorktreeRecord;
  readonly summary: DiffSummary;
}

/**
 * Takes the diff of a worktree and keeps it on record. When that cannot be done, the record says in
 * `kept` why, and the worktree has to stay.
 */
export async function takeDiff(
  deps: WorktreeDeps,
  record: WorktreeRecord,
  signal: AbortSignal,
): Promise<Taken> {
  if (!existsSync(record.path)) return await afterRemoval(deps, record);
  const git = createGit(deps.env);
  const scratch = await mkdtemp(`${record.path}.diff-`);
  try {
    const taken = await take({ ...deps, git, record, scratch, signal });
    const kept = await keepRecord(deps.dir, { ...record, taken });
    return { record: kept, summary: taken.summary };
  } catch (error) {
    signal.throwIfAborted();
    const why = toWhy(error);
    if (why === undefined) throw error;
    if (!existsSync(record.path)) return await afterRemoval(deps, record);
    const { taken: _, ...rest } = record;
    const kept = `The changes were not taken, and stay in ${toShownPath(record)}: ${why}`;
    const none = { files: 0, insertions: 0, deletions: 0, base: record.base };
    return { record: await keepRecord(deps.dir, rest), summary: { ...none, kept } };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Another worker of this host has removed it, or somebody by hand. */
async function afterRemoval({ dir }: WorktreeDeps, given: WorktreeRecord): Promise<Taken> {
  const record = (await readRecord(dir, given.taskId)) ?? given;
  if (record.taken) return { record, summary: record.taken.summary };
  const none = { files: 0, insertions: 0, deletions: 0, base: record.base };
  return { record, summary: { ...none, kept: "Its worktree is gone, and no diff was taken." } };
}

function toWhy(error: unknown): string | undefined {
  if (error instanceof GitFailure) return cutText(error.message, 200);
  const code = toCode(error);
  return code === undefined ? undefined : `the system said ${code}.`;
}

interface Work extends WorktreeDeps {
  readonly git: Git;
  readonly record: WorktreeRecord;
  /** For objects and indexes that the repository should not get to see. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** Git upon the worktree's files, whatever became of the `.git` in it. New objects go to the scratch folder. */
function toOptions({ record, scratch, signal }: Work, index = "index") {
  const objects = join(record.gitDir, "objects");
  return {
    cwd: record.path,
    signal,
    env: {
      GIT_DIR: record.gitDir,
      GIT_WORK_TREE: record.path,
      GIT_INDEX_FILE: join(scratch, index),
      ...toQuarantine(scratch, objects),
    },
  };
}

/** New objects go to a folder of their own, those of the repository are found too. */
export function toQuarantine(scratch: string, objects: string): Readonly<Record<string, string>> {
  return {
    GIT_OBJECT_DIRECTORY: join(scratch, "objects"),
    GIT_ALTERNATE_OBJECT_DIRECTORIES: objects.includes(":") ? JSON.stringify(objects) : objects,
  };
}

async function take(work: Work): Promise<TakenDiff> {
  const { record, git } = work;
  const tree = await writeTree(work);
  if (record.taken?.tree === tree && (await isThere(work, record.taken))) return record.taken;
  const changes = await readChanges(git, [record.base, tree], toOptions(work));
  const nested = changes.find(({ to }) => to.mode === gitlink);
  if (nested) throw new GitFailure(`${nested.path} is a git repository of its own.`);
  const isInside = toInsideTest(record);
  const inside = changes.filter(({ path }) => isInside(path));
  const outside = changes.filter(({ path }) => !isInside(path)).map(({ path }) => path);
  const scoped = outside.length === 0 ? tree : await writeScoped(work, inside);
  const name = toFileName(record.taskId);
  const options = toOptions(work);
  const diff = await writeDiff(work, [record.base, scoped], `${name}.diff`);
  if (outside.length > 0) await writeDiff(work, [scoped, tree], `${name}.outside.diff`);
  const stats = ["diff-tree", "-r", "--numstat", "-z", "-M", record.base, scoped];
  const lines = parseNumstat(await git.run(stats, options));
  const summary: DiffSummary = {
    files: lines.length,
    insertions: lines.reduce((sum, line) => sum + (line.insertions ?? 0), 0),
    deletions: lines.reduce((sum, line) => sum + (line.deletions ?? 0), 0),
    base: record.base,
    ...(inside.length > 0 && { artifact: `artifacts/${name}.diff` }),
    ...(outside.length > 0 && { outside: toFew(outside, 10) }),
  };
  return { summary, tree, ...diff, paths: inside.map(({ path }) => path) };
}

/** The first of many, and how many there are besides. */
export function toFew(paths: readonly string[], most: number): readonly string[] {
  const more = paths.length - most;
  const shown = paths.slice(0, most).map((path) => cutText(path, 100));
  return more > 0 ? [...shown, `+${more} more`] : shown;
}

/** All that is not ignored, and what the task's own tools wrote even so. */
async function writeTree(work: Work): Promise<string> {
  const { git, record } = work;
  const { path, base } = record;
  const options = toOptions(work);
  await mkdir(join(work.scratch, "objects"));
  await refuseFilledSubmodules(work);
  const kept = `${path}.index`;
  const index = join(work.scratch, "index");
  const stats = await stat(kept).catch(() => undefined);
  if (stats) {
    await copyFile(kept, index);
    await utimes(index, stats.mtime, stats.mtime);
  } else await git.run(["read-tree", base], options);
  await git.run(["add", "--all"], options);
  const written = await ownWrites(work);
  if (written.length > 0) {
    const list = ["--pathspec-from-file=-", "--pathspec-file-nul"];
    await git.run(["add", "--force", ...list], { ...options, input: written.join("\0") });
  }
  return await git.line(["write-tree"], options);
}

async function ownWrites({ dir, record }: Work): Promise<readonly string[]> {
  const paths = await readWrites(dir, record.taskId);
  const found = await Promise.all(
    paths.map(async (shown) => {
      const path = `${record.prefix}${shown}`;
      const real = join(record.path, path);
      const stats = await lstat(real).catch(() => undefined);
      const same = stats?.isFile() && (await realpath(real)) === real;
      return same ? path : undefined;
    }),
  );
  return found.filter((path) => path !== undefined);
}

/** Git does not look into the folder of a submodule, so what lies there would be lost. */
async function refuseFilledSubmodules(work: Work): Promise<void> {
  const { git, record } = work;
  for (const line of await git.list(["ls-tree", "-r", "-z", record.base], toOptions(work))) {
    if (!line.startsWith(gitlink)) continue;
    const path = line.slice(line.indexOf("\t") + 1);
    const names = await readdir(join(record.path, path)).catch(() => []);
    if (names.length > 0)
      throw new GitFailure(`${path} is a submodule, and there are files in it.`);
  }
}

/** Within the workspace's folder, within every scope, and nothing of git's or Bosun's. */
function toInsideTest({ prefix, scopes }: WorktreeRecord): (path: string) => boolean {
  const allows = toScopeTest(scopes);
  return (path) => path.startsWith(prefix) && !isPrivate(path) && allows(path.slice(prefix.length));
}

/** The base with the changes within the scope alone. */
async function writeScoped(work: Work, inside: readonly Change[]): Promise<string> {
  const { git, record } = work;
  const options = toOptions(work, "scoped");
  await git.run(["read-tree", record.base], options);
  const input = inside.map(
    ({ to: { mode, id }, path }) => `${mode === absent ? "0" : mode} ${id}\t${path}\0`,
  );
  const args = ["update-index", "--replace", "-z", "--index-info"];
  await git.run(args, { ...options, input: input.join("") });
  return await git.line(["write-tree"], options);
}

export const patchOptions = ["-r", "-p", "--binary", "--full-index", "-M", "--no-color"];
const plain = ["--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/"];

async function writeDiff(
  work: Work,
  trees: readonly [string, string],
  name: string,
): Promise<Pick<TakenDiff, "sha256" | "bytes">> {
  const { dir, git, record, scratch } = work;
  const file = join(scratch, name);
  const { maxDiffBytes: maxBytes } = record;
  const args = ["diff-tree", ...patchOptions, ...plain, ...trees];
  await git.run(args, { ...toOptions(work), toFile: file, maxBytes }).catch((error: unknown) => {
    if (!(error instanceof GitFailure) || error.kind !== "tooLarge") throw error;
    throw new GitFailure(`the diff has more than ${maxBytes} bytes (BOSUN_MAX_DIFF_BYTES).`);
  });
  const target = toArtifact(dir, record.rootId, name);
  await mkdir(join(target, ".."), { recursive: true });
  const data = await readFile(file);
  await rename(file, target);
  return { sha256: toHash(data), bytes: data.length };
}

export function toArtifact(dir: string, rootId: string, name: string): string {
  return join(dir, "artifacts", toFileName(rootId), name);
}

async function isThere({ dir, record }: Work, taken: TakenDiff): Promise<boolean> {
  const path = toArtifact(dir, record.rootId, `${toFileName(record.taskId)}.diff`);
  const data = await readFile(path).catch(() => undefined);
  return data !== undefined && toHash(data) === taken.sha256;
}
