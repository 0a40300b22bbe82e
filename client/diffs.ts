// What isolated tasks changed, read and applied.
import type { Client } from "@temporalio/client";
import type { Applied, DiffPart, DiffStatLine, DiffSummary } from "../protocol/isolation.ts";
import { toAttemptId } from "../protocol/ids.ts";
import { readMemos, toTaskView } from "../protocol/task-view.ts";
import { workflowTypes } from "../protocol/workflows.ts";
import { runErrand } from "./errand.ts";
import { describe, describeNewest } from "./newest-attempt.ts";
import { RequestError } from "./request-error.ts";

export interface TaskDiff {
  readonly taskId: string;
  readonly summary: DiffSummary;
  /** At most 500 files. */
  readonly stat: readonly DiffStatLine[];
  /** The diff, byte for byte. Empty when nothing was changed, or only the stat was asked for. */
  readonly data: Buffer;
}

interface Place {
  /** The workflow of the attempt whose changes are meant. */
  readonly workflowId: string;
  readonly host: string;
  readonly rootId: string;
}

/** The newest attempt counts, or the one that is named. */
async function find(client: Client, taskId: string, attempt: number | undefined) {
  if (attempt === undefined) return await describeNewest(client, taskId);
  const { agent } = readMemos(await describe(client, taskId));
  return await describe(client, toAttemptId(agent?.taskId ?? taskId, attempt));
}

async function findPlace(
  client: Client,
  taskId: string,
  attempt: number | undefined,
): Promise<Place> {
  const description = await find(client, taskId, attempt);
  if (description.type !== workflowTypes.subagent) {
    throw new RequestError("wrongKind", `${taskId} is a supervisor, and only tasks have a diff.`);
  }
  const view = toTaskView(description, new Date());
  if (view.endedAt === null) {
    const before = (view.attempt ?? 1) - 1;
    const other =
      before > 0
        ? `. The diff of the attempt before: bosun diff ${taskId} --attempt ${before}`
        : "";
    throw new RequestError(
      "refused",
      `${taskId} is ${view.status}: its diff is taken when it has ended. Follow it with: bosun check ${taskId}${other}`,
    );
  }
  const { agent } = readMemos(description);
  const { workflowId } = description;
  if (agent?.host) return { workflowId, host: agent.host, rootId: agent.rootId };
  throw new RequestError("refused", `${taskId} has no diff: an older version started it.`);
}

/**
 * Throws `RequestError`: `refused` when there is none, or none yet, `wrongKind` for a supervisor,
 * `noWorker` when its host is away.
 */
export async function readDiff(
  client: Client,
  installation: string,
  taskId: string,
  only?: "stat",
  attempt?: number,
): Promise<TaskDiff> {
  const { workflowId, host, rootId } = await findPlace(client, taskId, attempt);
  const read = (offset: number): Promise<DiffPart> => {
    const input = { taskId: workflowId, rootId, offset, ended: true } as const;
    return runErrand<DiffPart>(client, { installation, host, type: "diff", input });
  };
  const first = await read(0);
  const parts = [Buffer.from(first.data, "base64")];
  const bytes = (): number => parts.reduce((sum, part) => sum + part.length, 0);
  const wanted = only === "stat" ? 0 : first.totalBytes;
  while (bytes() < wanted) {
    const { data } = await read(bytes());
    // It was taken anew in between, and is shorter now.
    if (data === "") break;
    parts.push(Buffer.from(data, "base64"));
  }
  const { summary, stat } = first;
  return { taskId, summary, stat, data: only ? Buffer.alloc(0) : Buffer.concat(parts) };
}

/** Whether it was applied stands in `outcome`. Throws as `readDiff` does. */
export async function applyDiff(
  client: Client,
  installation: string,
  taskId: string,
  attempt?: number,
): Promise<Applied> {
  const { workflowId, host, rootId } = await findPlace(client, taskId, attempt);
  const input = { taskId: workflowId, rootId, ended: true } as const;
  return await runErrand<Applied>(client, { installation, host, type: "apply", input });
}
