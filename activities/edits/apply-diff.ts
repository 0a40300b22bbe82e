// A task's diff, applied whole or not at all.
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Applied, ReleaseInput } from "../../protocol/isolation.ts";
import { withRepository } from "./apply-lock.ts";
import { toFileName } from "../file-name.ts";
import { createGit, type Git, GitFailure, type GitOptions, toSaid } from "./git.ts";
import type { WorktreeDeps } from "./make-worktree.ts";
import { absent, gitlink, readChanges } from "./read-changes.ts";
import { loadDiff, type LoadedDiff } from "./read-diff.ts";
import { recordGroup, forgetGroup, stopLeftover } from "../commands/running-groups.ts";
import { patchOptions, toQuarantine } from "./take-diff.ts";
import { takeBack, toApplyGroup, toKept } from "./take-back.ts";
import { execute } from "../commands/execute.ts";
import { ToolProblem } from "../tool-problem.ts";
import { inTurn, keepRecord, toWorktrees, type WorktreeRecord } from "./worktree-record.ts";

const shownPaths = 100;

/** Throws words when there is no diff. Every other outcome is an answer, and `refused` has changed nothing. */
export async function applyDiff(
  deps: WorktreeDeps,
  input: ReleaseInput,
  { again, signal }: { readonly again: boolean; readonly signal: AbortSignal },
): Promise<Applied> {
  const { top } = (await loadDiff(deps, input)).record;
  const alone = (work: () => Promise<Applied>) => withRepository(deps.dir, top, signal, work);
  // In line within this process, so that only processes meet at the lock, which is asked for again and again.
  return await inTurn(top, () =>
    inTurn(input.taskId, () =>
      alone(async () => {
        const loaded = await loadDiff(deps, input);
        if (loaded.data.length === 0)
          return { outcome: "nothing", text: nothing(loaded), paths: [] };
        const work = await open(deps, loaded, signal);
        try {
          return await apply(work, again);
        } catch (error) {
          if (!(error instanceof GitFailure)) throw error;
          throw new ToolProblem(`It was not applied: ${error.message}`);
        } finally {
          await rm(work.scratch, { recursive: true, force: true });
        }
      }),
    ),
  );
}

function nothing({ taken }: LoadedDiff): string {
  return taken.summary.outside
    ? "It changed nothing within its scope, so there is nothing to apply."
    : "It changed nothing, so there is nothing to apply.";
}

interface ApplyWork extends WorktreeDeps {
  readonly git: Git;
  readonly record: WorktreeRecord;
  readonly file: string;
  readonly paths: readonly string[];
  /** Indexes and objects of the trial, which the repository does not get to see. */
  readonly scratch: string;
  readonly objects: string;
  readonly signal: AbortSignal;
}

async function open(
  deps: WorktreeDeps,
  { record, taken, file }: LoadedDiff,
  signal: AbortSignal,
): Promise<ApplyWork> {
  const git = createGit(deps.env);
  const { top: cwd } = record;
  const asked = ["rev-parse", "--path-format=absolute", "--git-common-dir", "--show-toplevel"];
  const found = await git.try(asked, { cwd });
  if (found.out.toString() !== `${record.gitDir}\n${cwd}\n`) {
    throw new ToolProblem(
      `It was not applied: ${cwd} is no longer the repository that the task was started on.`,
    );
  }
  const scratch = await mkdtemp(join(toWorktrees(deps.dir), `${toFileName(record.taskId)}.apply-`));
  await mkdir(join(scratch, "objects"));
  const objects = join(record.gitDir, "objects");
  return { ...deps, git, record, file, paths: taken.paths, scratch, objects, signal };
}

async function apply(work: ApplyWork, again: boolean): Promise<Applied> {
  const { git, file, record } = work;
  const cwd = record.top;
  const check = (...more: string[]) =>
    git.try(["apply", "--check", "--whitespace=nowarn", ...more, file], { cwd });
  const isWhole = record.applying && (await check("--reverse")).code === 0;
  if (isWhole) return await finish(work, record, "applied");
  const blocked = await takeBack(work);
  if (blocked.length > 0) {
    return refused(
      "An earlier apply of this diff was broken off in the middle, and these files were changed since. Bring them into order by hand:",
      blocked,
    );
  }
  const forward = await check();
  const isThere = (await check("--reverse")).code === 0;
  if (isThere && (record.appliedAt !== undefined || forward.code !== 0)) {
    return again
      ? done(work, "applied")
      : { outcome: "already", text: toAlready(record), paths: [] };
  }
  const dirty = await findDirty(work);
  if (dirty.length > 0) {
    return refused(
      "It was not applied: these files have changes that are not committed. Commit or stash them first:",
      dirty,
    );
  }
  if (forward.code === 0) return await write(work, file, "applied");
  return await merge(work, forward.err);
}

function refused(text: string, paths: readonly string[]): Applied {
  return { outcome: "refused", text, paths: paths.slice(0, shownPaths) };
}

function toAlready({ appliedAt }: WorktreeRecord): string {
  const when = appliedAt === undefined ? "" : ` (applied ${appliedAt})`;
  return `Nothing was done: the workspace has these changes already${when}.`;
}

function done({ paths }: ApplyWork, outcome: "applied" | "merged"): Applied {
  const how = outcome === "merged" ? "Merged with what has changed since" : "Applied";
  const text = `${how}: ${paths.length} file${paths.length === 1 ? "" : "s"}, nothing is committed.`;
  return { outcome, text, paths: paths.slice(0, shownPaths) };
}

/** Touched files with changes that are in no commit, staged ones and new files included. */
async function findDirty({ git, record, paths }: ApplyWork): Promise<readonly string[]> {
  const args = ["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all"];
  const lines = await git.list(args, { cwd: record.top });
  const dirty = new Set(lines.map((line) => line.slice(3)));
  return paths.filter((path) => dirty.has(path));
}

/** Where the lines have moved: tried aside, on a copy of the index, and written only when it is clean. */
async function merge(work: ApplyWork, said: string): Promise<Applied> {
  const { git, file, record, scratch } = work;
  const options = await openTrial(work, "merged");
  const before = await git.line(["write-tree"], options);
  const tried = await git.try(
    ["apply", "--3way", "--cached", "--whitespace=nowarn", file],
    options,
  );
  if (tried.code !== 0) return await toConflict(work, options, said);
  const after = await git.line(["write-tree"], options);
  const merged = join(scratch, "merged.diff");
  const args = ["diff-tree", ...patchOptions, "--no-ext-diff", "--no-textconv", before, after];
  await git.run(args, { ...options, toFile: merged });
  const fits = await git.try(["apply", "--check", merged], { cwd: record.top });
  if (fits.code !== 0) return await toConflict(work, options, fits.err);
  return await write(work, merged, "merged");
}

/** A copy of the index to try on. New objects go to the scratch folder. */
async function openTrial({ git, record, scratch, objects }: ApplyWork, name: string) {
  const cwd = record.top;
  const asked = ["rev-parse", "--path-format=absolute", "--git-path", "index"];
  await copyFile(await git.line(asked, { cwd }), join(scratch, name));
  return {
    cwd,
    env: { GIT_INDEX_FILE: join(scratch, name), ...toQuarantine(scratch, objects) },
  };
}

/** Each file with the line of its first hunk that does not fit. */
async function toConflict({ git }: ApplyWork, options: GitOptions, said: string): Promise<Applied> {
  const unmerged = await git.list(["ls-files", "--unmerged", "-z"], options);
  const conflicted = unmerged.map((line) => line.slice(line.indexOf("\t") + 1));
  const hunks = new Map(
    [...said.matchAll(/^error: patch failed: (.+):(\d+)$/gm)].map(([, path = "", at = ""]) => [
      path,
      at,
    ]),
  );
  const files = [...new Set([...conflicted, ...hunks.keys()])];
  const lines = files.map((path) =>
    hunks.has(path) ? `${path}, hunk at line ${hunks.get(path)}` : path,
  );
  const why = lines.length > 0 ? "" : ` (${toSaid(said)})`;
  return refused(
    `It was not applied, and nothing was changed: the workspace has left the commit it begins from, and its changes collide${why}. Start the task again on the present state, or apply the diff by hand with git apply --3way.`,
    lines,
  );
}

/**
 * Git has checked all of it and now writes file after file. Before that the trees of both sides go on
 * record: should it be killed in between, the next apply takes back what was written.
 */
async function write(
  work: ApplyWork,
  patch: string,
  outcome: "applied" | "merged",
): Promise<Applied> {
  const { dir, git, record } = work;
  const options = await openTrial(work, "trial");
  const before = await git.line(["write-tree"], options);
  await git.run(["apply", "--cached", "--whitespace=nowarn", patch], options);
  const after = await git.line(["write-tree"], options);
  await keepTrees(work, before, after);
  const applying = await keepRecord(dir, { ...record, applying: { before, after } });
  const ended = await runApply(work, patch);
  if (ended !== "") {
    await takeBack({ ...work, record: applying });
    const { applying: _, ...rest } = applying;
    await keepRecord(dir, rest);
    return refused(`It was not applied, and nothing was changed: ${ended}`, []);
  }
  return await finish(work, applying, outcome);
}

async function finish(
  work: ApplyWork,
  { applying: _, ...record }: WorktreeRecord,
  outcome: "applied" | "merged",
): Promise<Applied> {
  await keepRecord(work.dir, { ...record, appliedAt: new Date().toISOString() });
  await rm(toKept(work.dir, record), { recursive: true, force: true });
  return done(work, outcome);
}

/** The touched files of both sides, for as long as the apply is not through. */
async function keepTrees(work: ApplyWork, before: string, after: string): Promise<void> {
  const { dir, git, record, scratch, objects } = work;
  const folder = toKept(dir, record);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const env = toQuarantine(scratch, objects);
  const changes = await readChanges(git, [before, after], { cwd: record.top, env });
  for (const { id, mode } of changes.flatMap(({ from, to }) => [from, to])) {
    if (mode === absent || mode === gitlink) continue;
    const blob = await git.run(["cat-file", "blob", id], { cwd: record.top, env });
    await writeFile(join(folder, id), blob);
  }
  await writeFile(join(folder, "sides.json"), JSON.stringify(changes));
}

const applyMs = 100_000;

/** As a command on record: what a killed worker left running of it is stopped before anything else. */
async function runApply(work: ApplyWork, patch: string): Promise<string> {
  const { dir, git, record, signal } = work;
  const group = toApplyGroup(dir, record);
  await stopLeftover(group);
  try {
    const { code, output, stopped } = await execute({
      command: ["git", "apply", "--whitespace=nowarn", patch],
      cwd: record.top,
      env: await git.toEnv(record.top),
      timeoutMs: applyMs,
      maxBytes: 1_000_000,
      signal,
      record: (started) => recordGroup(group, started),
    });
    if (code === 0) return "";
    return stopped ? "it was stopped in the middle." : `${toSaid(output.toString())}.`;
  } finally {
    await forgetGroup(group);
  }
}
