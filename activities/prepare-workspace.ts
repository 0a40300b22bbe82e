// A workspace, looked at before anyone works in it.
import { constants } from "node:fs";
import { access, lstat, readdir, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { Context } from "@temporalio/activity";
import type { HostActivities } from "../protocol/activities.ts";
import type { CommandEnvironment } from "../protocol/environment.ts";
import { invalid, makeWorktree } from "./edits/make-worktree.ts";
import { toCode } from "./tool-problem.ts";
import { whileBeating } from "./while-beating.ts";

export interface PrepareWorkspaceDeps {
  readonly host: string;
  /** Where worktrees lie. */
  readonly dir: string;
  readonly commands?: CommandEnvironment;
}

export function createPrepareWorkspace({
  host,
  dir,
  commands,
}: PrepareWorkspaceDeps): HostActivities["prepareWorkspace"] {
  return async (workspace, request) => {
    if (workspace.host !== host) {
      throw invalid(
        `The workspace ${workspace.path} is on host ${workspace.host}, this worker is on ${host}. Start a worker there, or start again with a workspace on this host.`,
      );
    }
    const path = await toFolder(workspace.path);
    if (!request) return { host, path, writable: await isWritable(path), git: await isInGit(path) };
    const deps = { dir, env: commands?.env ?? {} };
    const { cancellationSignal } = Context.current();
    const make = () => makeWorktree(deps, path, request, cancellationSignal);
    return { host, writable: true, git: true, ...(await whileBeating(make)) };
  };
}

async function toFolder(given: string): Promise<string> {
  if (!isAbsolute(given)) {
    throw invalid(`The workspace "${given}" is not an absolute path. Give it in full.`);
  }
  try {
    const path = await realpath(given);
    if (!(await stat(path)).isDirectory()) {
      throw invalid(`The workspace ${given} is a file. Name the folder it lies in.`);
    }
    await access(path, constants.R_OK | constants.X_OK);
    await readdir(path);
    return path;
  } catch (error) {
    throw toFailure(given, error);
  }
}

function toFailure(given: string, error: unknown): unknown {
  const code = toCode(error);
  if (code === undefined) return error;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return invalid(`There is no folder ${given}. Create it, or name another with --workspace.`);
  }
  return invalid(
    `The workspace ${given} cannot be read (${code}). Give the user that runs Bosun access to it, or name another with --workspace.`,
  );
}

/** Asks the kernel, which also knows of read-only mounts. */
async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

async function isInGit(path: string): Promise<boolean> {
  // A worktree's `.git` is a file.
  const found = await lstat(join(path, ".git")).catch(() => undefined);
  if (found) return true;
  return dirname(path) === path ? false : isInGit(dirname(path));
}
