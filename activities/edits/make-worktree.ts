// A git worktree for one task, made from the last commit.
import { randomBytes } from "node:crypto";
import { copyFile, rm, stat, utimes } from "node:fs/promises";
import { basename, join } from "node:path";
import { ApplicationFailure } from "@temporalio/activity";
import { failureTypes } from "../../protocol/failures.ts";
import type { Worktree, WorktreeRequest } from "../../protocol/isolation.ts";
import { cutText } from "../../protocol/text.ts";
import { toFileName } from "../file-name.ts";
import { createGit, type Git, GitFailure, toSaid } from "./git.ts";
import { markOf } from "../commands/processes.ts";
import { removeFolder } from "./remove-worktree.ts";
import {
  inTurn,
  openWorktrees,
  placeRecord,
  readRecord,
  type WorktreeRecord,
} from "./worktree-record.ts";
import { writeWhole } from "../write-whole.ts";

export interface WorktreeDeps {
  readonly dir: string;
  /** What git gets to see of the environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface MadeWorktree {
  /** The folder that the task works in. */
  readonly path: string;
  readonly worktree: Worktree;
}

/** The same task gets the same worktree, however often it asks. */
export function makeWorktree(
  deps: WorktreeDeps,
  workspace: string,
  request: WorktreeRequest,
  signal: AbortSignal,
): Promise<MadeWorktree> {
  return inTurn(request.taskId, async () => {
    const known = await readRecord(deps.dir, request.taskId);
    if (known) return toMade(known);
    try {
      const git = createGit(deps.env);
      const repository = await inspect(git, workspace);
      return toMade(await make(deps.dir, git, repository, request, signal));
    } catch (error) {
      if (error instanceof GitFailure && error.kind === "missing") throw invalid(error.message);
      throw error;
    }
  });
}

function toMade(record: WorktreeRecord): MadeWorktree {
  if (record.state === "gone") {
    throw invalid("The worktree of this task was removed: it has ended before.");
  }
  return { path: join(record.path, record.prefix), worktree: record.worktree };
}

interface Repository {
  readonly top: string;
  readonly prefix: string;
  readonly gitDir: string;
  readonly base: string;
}

const otherwise = "or start the task without isolation";

async function inspect(git: Git, cwd: string): Promise<Repository> {
  const inside = await git.try(["rev-parse", "--is-inside-work-tree"], { cwd });
  if (inside.code !== 0) throw invalid(toNoRepository(inside.err));
  if (inside.out.toString().trim() !== "true") {
    throw invalid(
      `isolation: worktree needs a folder with the files of a git repository, and this is a bare one or git's own. Start Bosun in a clone of it, ${otherwise}.`,
    );
  }
  const ask = (...args: string[]) => git.line(["rev-parse", ...args], { cwd });
  const head = await git.try(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], { cwd });
  if (head.code !== 0) {
    throw invalid(
      `isolation: worktree begins from the last commit, and there is none yet. Commit something, ${otherwise}.`,
    );
  }
  const base = head.out.toString().trim();
  const prefix = await ask("--show-prefix");
  if (prefix !== "") {
    const found = await git.try(["cat-file", "-t", `${base}:${prefix.slice(0, -1)}`], { cwd });
    if (found.out.toString().trim() !== "tree") {
      throw invalid(
        `isolation: worktree begins from the last commit, and the folder ${prefix} is not in it. Commit it, ${otherwise}.`,
      );
    }
  }
  const gitDir = await ask("--path-format=absolute", "--git-common-dir");
  return { top: await ask("--show-toplevel"), prefix, gitDir, base };
}

function toNoRepository(err: string): string {
  if (err.includes("not a git repository")) {
    return `isolation: worktree needs a git repository, and the workspace lies in none. Make one with git init and a first commit, ${otherwise}.`;
  }
  return `isolation: worktree needs a git repository, and git does not open this one (${toSaid(err)}). Mend that, ${otherwise}.`;
}

async function make(
  dir: string,
  git: Git,
  repository: Repository,
  { taskId, rootId, scopes, maxDiffBytes }: WorktreeRequest,
  signal: AbortSignal,
): Promise<WorktreeRecord> {
  const { top, base } = repository;
  const folder = await openWorktrees(dir);
  // Each attempt has a folder of its own: git of an attempt that was killed may still be writing.
  const path = join(folder, `${toFileName(taskId)}.${randomBytes(3).toString("hex")}`);
  const note = `${path}.making`;
  await writeWhole(note, JSON.stringify({ owner: markOf(process.pid), top }));
  try {
    await git.run(["worktree", "add", "--quiet", "--detach", path, base], { cwd: top, signal });
    await keepIndex(git, path);
    const worktree = await describe(git, repository);
    const facts = { taskId, rootId, path, ...repository, scopes, maxDiffBytes };
    const record: WorktreeRecord = { state: "made", ...facts, worktree };
    signal.throwIfAborted();
    if (await placeRecord(dir, record)) return record;
    await removeFolder(git, top, path);
    return (await readRecord(dir, taskId)) ?? record;
  } catch (error) {
    await removeFolder(git, top, path);
    throw error;
  } finally {
    await rm(note, { force: true });
  }
}

/** As it is now, for no command of the task to change. By it git knows unchanged files without reading them. */
async function keepIndex(git: Git, path: string): Promise<void> {
  const args = ["rev-parse", "--path-format=absolute", "--git-path", "index"];
  const index = await git.line(args, { cwd: path });
  const { mtimeMs } = await stat(index);
  const kept = `${path}.index`;
  await copyFile(index, kept);
  // Git looks closely at files as young as its index, so the copy must not look younger.
  const seconds = Math.floor(mtimeMs / 1_000);
  await utimes(kept, seconds, seconds);
}

const shownPaths = 20;

/** What is different in the worktree from what a person sees in the workspace. */
async function describe(git: Git, { top, prefix, base }: Repository): Promise<Worktree> {
  const status = ["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal"];
  const lines = await git.list([...status, "--ignore-submodules=dirty"], { cwd: top });
  const paths = lines
    .map((line) => line.slice(3))
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length));
  return {
    base,
    uncommitted: paths.slice(0, shownPaths).map((path) => cutText(path, 200)),
    more: Math.max(0, paths.length - shownPaths),
    notes: await toNotes(git, top, base),
  };
}

async function toNotes(git: Git, top: string, base: string): Promise<readonly string[]> {
  const read = async (name: string): Promise<string> =>
    (await git.try(["cat-file", "-p", `${base}:${name}`], { cwd: top })).out.toString();
  const [modules, attributes] = [await read(".gitmodules"), await read(".gitattributes")];
  return [
    ...(modules === "" ? [] : ["The folders of submodules are empty. Write nothing into them."]),
    ...(/\bfilter=(?!\s|$)/m.test(attributes)
      ? ["Files under a git filter are as git stores them: of LFS files there is only the pointer."]
      : []),
  ];
}

export function invalid(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, failureTypes.invalidWorkspace);
}

/** The name of a worktree as words may give it: nobody needs to know the whole path. */
export function toShownPath({ path }: Pick<WorktreeRecord, "path">): string {
  return `worktrees/${basename(path)} in Bosun's state folder`;
}
