// Where the file tools may go: two folders, by real paths.
import { lstat, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, normalize, relative, sep } from "node:path";
import { toFileName } from "../file-name.ts";
import { toCode, ToolProblem } from "../tool-problem.ts";

export interface Jail {
  readonly workspace: string;
  readonly writable: boolean;
  /** Bosun's own state. Out of reach, save for the artifacts. */
  readonly dir: string;
  /** The artifacts of this tree. The folder appears with the first of them. */
  readonly artifacts: string;
  /** The top of the worktree of Bosun's own that the workspace lies in, when it lies in one. */
  readonly worktree?: string;
}

export async function openJail(
  workspace: { readonly path: string; readonly writable: boolean },
  dir: string,
  rootId: string,
): Promise<Jail> {
  const state = await toReal(dir, artifactsName);
  const folder = await realpath(workspace.path).catch(() => {
    throw new ToolProblem(`The workspace ${workspace.path} is gone. Tell the person.`);
  });
  const worktree = toWorktree(state, folder);
  return {
    workspace: folder,
    ...(worktree && { worktree }),
    writable: workspace.writable,
    dir: state,
    artifacts: join(state, "artifacts", toFileName(rootId)),
  };
}

/** Of Bosun's state, the worktrees are the only folders that may be a workspace. */
function toWorktree(dir: string, workspace: string): string | undefined {
  const folder = join(dir, "worktrees");
  const [name] = relative(folder, workspace).split(sep);
  if (!isInside(folder, workspace) || !name) return undefined;
  return join(folder, name);
}

/** A path a model gave, found to lie inside. Nothing need be there yet. */
export interface Place {
  /** As a model may write it: relative to the workspace, or under `artifacts/`. */
  readonly shown: string;
  readonly real: string;
  /** The real folder it may not leave. */
  readonly root: string;
  readonly inArtifacts: boolean;
  /** Whether the path itself is a symbolic link. */
  readonly link: boolean;
}

/** The artifacts go by this name. A folder of the workspace that bears it is out of reach. */
export const artifactsName = "artifacts";
const privateNames = new Set([".git", ".bosun"]);

export function isPrivate(path: string): boolean {
  // Some file systems find `.git` by the name `.GIT` too.
  return path.split("/").some((name) => privateNames.has(name.toLowerCase()));
}

/** Throws `ToolProblem` for every path that leads outside, by whatever road. */
export async function toPlace(jail: Jail, given: string): Promise<Place> {
  const shown = toShown(jail, given);
  const inArtifacts = shown === artifactsName || shown.startsWith(`${artifactsName}/`);
  const folder = inArtifacts ? jail.artifacts : jail.workspace;
  const target = join(folder, inArtifacts ? shown.slice(artifactsName.length) : shown);
  const root = await toReal(folder, shown);
  const real = await toReal(target, shown);
  if (!isInside(root, real)) throw outside(given);
  await refusePrivate(jail, { root, real, shown, inArtifacts });
  return { shown, real, root, inArtifacts, link: await isLink(target) };
}

function toShown(jail: Jail, given: string): string {
  if (given.includes("\0")) throw new ToolProblem("A path cannot hold a NUL character.");
  const path = normalize(isAbsolute(given) ? relative(jail.workspace, given) || "." : given);
  const shown = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
  if (shown === ".." || shown.startsWith("../")) throw outside(given);
  return shown;
}

/** The real path of what is there, with the names of what is not there yet. */
async function toReal(target: string, shown: string): Promise<string> {
  try {
    return await realpath(target);
  } catch (error) {
    if (toCode(error) !== "ENOENT" || dirname(target) === target) throw error;
  }
  if (await isLink(target)) {
    throw new ToolProblem(`${shown} leads through a link to nothing. Name a real path.`);
  }
  return join(await toReal(dirname(target), shown), basename(target));
}

async function isLink(target: string): Promise<boolean> {
  try {
    return (await lstat(target)).isSymbolicLink();
  } catch (error) {
    if (toCode(error) === "ENOENT") return false;
    throw error;
  }
}

export function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

async function refusePrivate(
  jail: Jail,
  place: Pick<Place, "root" | "real" | "shown" | "inArtifacts">,
): Promise<void> {
  const own = isPrivate(place.shown) || isPrivate(relative(place.root, place.real));
  // Its own worktree is the one part of Bosun's state that a task may touch.
  const isOwn = place.inArtifacts || (jail.worktree && isInside(jail.worktree, place.real));
  if (own || (!isOwn && isInside(await toReal(jail.dir, place.shown), place.real))) {
    throw new ToolProblem(`${place.shown} is private to git or Bosun, no tool may touch it.`);
  }
}

function outside(given: string): ToolProblem {
  return new ToolProblem(
    `${given} is outside the workspace. Use a path relative to it, or one under artifacts/.`,
  );
}
