// The diff of an ended task, as it was taken.
import { readFile } from "node:fs/promises";
import type {
  DiffPart,
  DiffStatLine,
  ReadDiffInput,
  ReleaseInput,
} from "../../protocol/isolation.ts";
import { cutText } from "../../protocol/text.ts";
import { toFileName } from "../file-name.ts";
import { toHash } from "../to-hash.ts";
import { createGit } from "./git.ts";
import { toShownPath, type WorktreeDeps } from "./make-worktree.ts";
import { parseNumstat } from "./numstat.ts";
import { toArtifact } from "./take-diff.ts";
import { ToolProblem } from "../tool-problem.ts";
import { readRecord, type TakenDiff, type WorktreeRecord } from "./worktree-record.ts";

export interface LoadedDiff {
  readonly record: WorktreeRecord;
  readonly taken: TakenDiff;
  readonly file: string;
  /** Empty when nothing was changed. */
  readonly data: Buffer;
}

/** Throws words for whoever asks, person or model. */
export async function loadDiff(
  { dir }: Pick<WorktreeDeps, "dir">,
  { taskId, rootId }: ReleaseInput,
): Promise<LoadedDiff> {
  const record = await readRecord(dir, taskId);
  if (!record || record.rootId !== rootId) {
    throw new ToolProblem(
      `The task ${taskId} has no diff: it has not worked in a worktree of its own on this host.`,
    );
  }
  const { taken } = record;
  if (!taken) {
    throw new ToolProblem(
      `The diff of ${taskId} has not been taken. When the task has ended and it stays so, its changes are in ${toShownPath(record)}.`,
    );
  }
  const file = toArtifact(dir, record.rootId, `${toFileName(taskId)}.diff`);
  const data = await readFile(file).catch(() => undefined);
  if (!data || toHash(data) !== taken.sha256) {
    throw new ToolProblem(
      `The diff of ${taskId} is ${data ? "not as it was taken: something changed it" : "gone"}. Start the task again.`,
    );
  }
  return { record, taken, file, data };
}

/** One answer stays well below what Temporal carries. */
const partBytes = 700_000;
const maxStat = 500;

export async function readDiff(
  deps: WorktreeDeps,
  { offset, ...input }: ReadDiffInput,
): Promise<DiffPart> {
  const loaded = await loadDiff(deps, input);
  const { data, taken } = loaded;
  const stat = offset === 0 ? await readStat(deps, loaded) : [];
  return {
    data: data.subarray(offset, offset + partBytes).toString("base64"),
    totalBytes: data.length,
    summary: taken.summary,
    stat: stat.slice(0, maxStat).map((line) => ({ ...line, path: cutText(line.path, 300) })),
  };
}

export async function readStat(
  { dir, env }: WorktreeDeps,
  { file, data }: LoadedDiff,
): Promise<readonly DiffStatLine[]> {
  if (data.length === 0) return [];
  // Outside of any repository, for there git would leave out what is not below it.
  const options = { cwd: dir, env: { GIT_DIR: "/dev/null" } };
  return parseNumstat(await createGit(env).run(["apply", "--numstat", "-z", file], options));
}
