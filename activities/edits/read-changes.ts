// What differs between two trees, path by path.
import type { Git, GitOptions } from "./git.ts";

/** The mode of what is not there. */
export const absent = "000000";
/** The mode of a repository within the repository. */
export const gitlink = "160000";

interface Side {
  readonly mode: string;
  readonly id: string;
}

export interface Change {
  readonly path: string;
  readonly from: Side;
  readonly to: Side;
}

/** One for each path, renames are two. */
export async function readChanges(
  git: Git,
  [from, to]: readonly [string, string],
  options: GitOptions,
): Promise<readonly Change[]> {
  const args = ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--full-index", from, to];
  const parts = await git.list(args, options);
  // A line of both sides is followed by its path.
  return parts.flatMap((line, at) => (at % 2 === 0 ? [toChange(line, parts[at + 1])] : []));
}

function toChange(line: string, path = ""): Change {
  const [mode = "", toMode = "", id = "", toId = ""] = line.slice(1).split(" ");
  return { path, from: { mode, id }, to: { mode: toMode, id: toId } };
}
