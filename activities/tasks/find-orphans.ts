// Tasks that nobody waits for any more.
import { ApplicationFailure, Context } from "@temporalio/activity";
import { ApplicationFailureCategory } from "@temporalio/common";
import type { Client, WorkflowExecutionDescription } from "@temporalio/client";
import type { FindOrphansInput, FoundOrphans, WatchActivities } from "../../protocol/activities.ts";
import { failureTypes } from "../../protocol/failures.ts";
import { toQueues } from "../../protocol/ids.ts";
import { knowsQuery } from "../../protocol/messages.ts";
import { workflowTypes } from "../../protocol/workflows.ts";
import { whileBeating } from "../while-beating.ts";
import { describe, isOpen, whichRun } from "./running-tree.ts";
import { untilCancelled } from "./until-cancelled.ts";

/** At most so many are dealt with together, and looked at. The rest has to wait for a later look. */
const mostOrphans = 200;
const mostTasks = 5_000;
/** A parent has this long to say whose task it is. */
const queryMs = 2_000;
const parentsAtOnce = 10;
/** Quiet looks are told to the workflow this often. All others leave no event. */
const tellMs = 3_600_000;

/** By task, the run of its parent that has said the task is its own: a reset or a roll is asked anew. */
type Owned = Map<string, string>;

export function createFindOrphans(client: Client): WatchActivities["findOrphans"] {
  let owned: Owned = new Map();
  return async (input) => {
    const confirmed: Owned = new Map();
    const find = () => findUnowned(client, input, { owned, confirmed });
    const found = await whileBeating(() => untilCancelled(client, find));
    owned = confirmed;
    return toNews(input, found);
  };
}

/** A look without news fails on purpose: Temporal repeats it after the interval, which leaves no event. */
function toNews(
  { suspects, intervalMs }: FindOrphansInput,
  found: readonly string[],
): FoundOrphans {
  const age = Date.now() - Context.current().info.scheduledTimestampMs;
  if (found.length + suspects.length === 0 && age < tellMs) {
    throw ApplicationFailure.create({
      type: failureTypes.nothingFound,
      message: "Every task has somebody who waits for it.",
      nextRetryDelay: intervalMs,
      category: ApplicationFailureCategory.BENIGN,
    });
  }
  return {
    orphans: found.filter((id) => suspects.includes(id)),
    suspects: found.filter((id) => !suspects.includes(id)),
    lookedAt: new Date().toISOString(),
  };
}

interface Memory {
  readonly owned: Owned;
  readonly confirmed: Owned;
}

async function findUnowned(
  client: Client,
  input: FindOrphansInput,
  memory: Memory,
): Promise<readonly string[]> {
  const parents = [...(await listTasks(client, input))];
  const found: string[] = [];
  for (let from = 0; from < parents.length; from += parentsAtOnce) {
    const some = parents.slice(from, from + parentsAtOnce);
    const looked = some.map(async ([parentId, ids]) => {
      const unowned = await unownedBy(client, input, parentId, ids, memory);
      // One that has ended would be asked to stop, and counted, once more.
      return await whichRun(client, unowned.slice(0, mostOrphans));
    });
    found.push(...(await Promise.all(looked)).flat());
    if (found.length >= mostOrphans) break;
  }
  return found.slice(0, mostOrphans);
}

/** Running tasks by their parent. */
async function listTasks(
  client: Client,
  input: FindOrphansInput,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const query = `TaskQueue = '${toQueues(input.installation).workflows}' AND WorkflowType = '${workflowTypes.subagent}' AND ExecutionStatus = 'Running'`;
  const known = new Set(input.known);
  const tasks = new Map<string, string[]>();
  let count = 0;
  for await (const { workflowId: id, parentExecution } of client.workflow.list({ query })) {
    const parentId = parentExecution?.workflowId;
    if (!parentId || known.has(id)) continue;
    tasks.set(parentId, [...(tasks.get(parentId) ?? []), id]);
    count += 1;
    if (count >= mostTasks) break;
  }
  return tasks;
}

async function unownedBy(
  client: Client,
  input: FindOrphansInput,
  parentId: string,
  ids: readonly string[],
  memory: Memory,
): Promise<readonly string[]> {
  const parent = await describe(client, parentId);
  // Its record is older than the retention time.
  if (!parent) return ids;
  if (!isOurs(parent, input)) return [];
  if (isOpen(parent)) return await unknownTo(client, parent, ids, memory);
  const closedFor = Date.now() - (parent.closeTime?.getTime() ?? Date.now());
  return closedFor > input.graceMs ? ids : [];
}

function isOurs(
  { type, taskQueue }: WorkflowExecutionDescription,
  { installation }: FindOrphansInput,
): boolean {
  const isAgent = type === workflowTypes.supervisor || type === workflowTypes.subagent;
  return isAgent && taskQueue === toQueues(installation).workflows;
}

/** What a parent that runs says is not its own. One that does not answer says nothing. */
async function unknownTo(
  client: Client,
  { workflowId, runId }: WorkflowExecutionDescription,
  ids: readonly string[],
  { owned, confirmed }: Memory,
): Promise<readonly string[]> {
  const open = ids.filter((id) => owned.get(id) !== runId);
  let known: readonly string[] = [];
  try {
    if (open.length > 0) {
      known = await client.withDeadline(Date.now() + queryMs, () =>
        client.workflow.getHandle(workflowId, runId).query(knowsQuery, { ids: open }),
      );
    }
  } catch {
    return [];
  }
  const unknown = open.filter((id) => !known.includes(id));
  for (const id of ids) if (!unknown.includes(id)) confirmed.set(id, runId);
  return unknown;
}
