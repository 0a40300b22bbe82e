// What an ending task leaves on its host.
import type {
  Collected,
  CollectInput,
  DiffSummary,
  ReleaseInput,
} from "../../protocol/isolation.ts";
import { cutText } from "../../protocol/text.ts";
import { createGit } from "./git.ts";
import type { WorktreeDeps } from "./make-worktree.ts";
import { findChanged, readReads } from "./read-log.ts";
import { removeFolder } from "./remove-worktree.ts";
import { takeDiff, toFew } from "./take-diff.ts";
import { inTurn, keepRecord, readRecord, type WorktreeRecord } from "./worktree-record.ts";

export function collectTask(
  deps: WorktreeDeps,
  input: CollectInput,
  signal: AbortSignal,
): Promise<Collected> {
  return inTurn(input.taskId, async () => {
    const record = await readRecord(deps.dir, input.taskId);
    const stale = await findStale(deps, record, input);
    if (!record || record.state === "gone") return stale;
    const { summary } = await takeDiff(deps, record, signal);
    return { diff: summary, ...stale };
  });
}

const shownStale = 20;

async function findStale(
  deps: WorktreeDeps,
  record: WorktreeRecord | undefined,
  { taskId, path }: CollectInput,
): Promise<Collected> {
  try {
    const changed = record
      ? await findMoved(deps, record)
      : await findChanged(deps.dir, taskId, path);
    return changed.length === 0 ? {} : { stale: toFew(changed.toSorted(), shownStale) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { staleUnknown: `It could not be found out: ${cutText(why, 150)}` };
  }
}

/** In a worktree nobody else writes: what was read there is stale when the workspace has left the commit it shows. */
async function findMoved(deps: WorktreeDeps, record: WorktreeRecord): Promise<readonly string[]> {
  const { top, base, prefix, taskId } = record;
  const reads = new Set(await readReads(deps.dir, taskId));
  if (reads.size === 0) return [];
  const args = ["diff", "--name-only", "-z", "--no-ext-diff", "--no-textconv", "--no-renames"];
  const moved = await createGit(deps.env).list([...args, base], { cwd: top });
  return moved
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length))
    .filter((path) => reads.has(path));
}

/** For a task that has ended. Its worktree goes once the diff is safe, and stays when it is not. */
export function releaseWorktree(
  deps: WorktreeDeps,
  { taskId }: Pick<ReleaseInput, "taskId">,
  signal: AbortSignal,
): Promise<DiffSummary | null> {
  return inTurn(taskId, async () => {
    const record = await readRecord(deps.dir, taskId);
    if (!record) return null;
    if (record.state === "gone") return record.taken?.summary ?? null;
    const taken = await takeDiff(deps, record, signal);
    if (taken.summary.kept !== undefined) return taken.summary;
    await removeFolder(createGit(deps.env), record.top, record.path);
    await keepRecord(deps.dir, { ...taken.record, state: "gone" });
    return taken.summary;
  });
}
