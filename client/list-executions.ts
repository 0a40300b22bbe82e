// What the server's list of workflows knows of agents.
import type { Client } from "@temporalio/client";
import { isWorkflowId, toQueues } from "../protocol/ids.ts";
import { addUsage, noUsage } from "../protocol/turn.ts";
import type { TaskView } from "../protocol/views.ts";
import { workflowTypes } from "../protocol/workflows.ts";
import { callServer } from "./call.ts";
import { type Execution, readMemos, toTaskView } from "../protocol/task-view.ts";
import { tellForced } from "./tell-forced.ts";
import { type SupervisorView, toSupervisorView } from "./supervisor-view.ts";
import { toTroubledAgents, type TroubledAgent } from "./troubled-agents.ts";
import { toWaitingRequests, type WaitingRequest } from "./waiting-requests.ts";

/** More than this many of a kind are not listed, newest first. */
const maxListed = 1_000;

export interface Agents {
  readonly supervisors: readonly SupervisorView[];
  readonly tasks: readonly TaskView[];
}

/** One tree: its supervisor and every task below it. The list lags behind by a moment. */
export function listTree(client: Client, rootId: string): Promise<Agents> {
  return list(client, rootId, `RootWorkflowId = '${checked(rootId)}'`);
}

/** Every supervisor of an installation, and the tasks that have not ended. */
export async function listInstallation(client: Client, installation: string): Promise<Agents> {
  const ours = ofInstallation(installation);
  const [supervisors, tasks] = await Promise.all([
    list(client, installation, `${ours} AND WorkflowType = '${workflowTypes.supervisor}'`),
    list(
      client,
      installation,
      `${ours} AND WorkflowType = '${workflowTypes.subagent}' AND ExecutionStatus = 'Running'`,
    ),
  ]);
  return { supervisors: supervisors.supervisors, tasks: tasks.tasks };
}

/** What a person should look at. */
export interface PersonInbox {
  /** What waits for a decision, oldest first. */
  readonly requests: readonly WaitingRequest[];
  /** Who does not get on, the oldest trouble first. */
  readonly troubled: readonly TroubledAgent[];
}

/** However many run, all are looked at: the oldest matter most. */
export async function listInbox(client: Client, installation: string): Promise<PersonInbox> {
  const query = [
    ofInstallation(installation),
    `WorkflowType IN ('${workflowTypes.supervisor}', '${workflowTypes.subagent}')`,
    "ExecutionStatus = 'Running'",
  ].join(" AND ");
  const running = await readList(client, installation, query, Number.POSITIVE_INFINITY);
  return { requests: toWaitingRequests(running), troubled: toTroubledAgents(running) };
}

/** What an id names. */
export interface Found {
  readonly id: string;
  readonly kind: "supervisor" | "task";
}

/** The ids of an installation that contain a text, newest first. */
export async function findIds(
  client: Client,
  installation: string,
  part: string,
): Promise<readonly Found[]> {
  const found = await readList(client, installation, ofInstallation(installation));
  const ids = new Map(
    found.flatMap((execution): readonly (readonly [string, Found["kind"]])[] => {
      const { workflowId, type } = execution;
      if (!workflowId.includes(part)) return [];
      if (type === workflowTypes.supervisor) return [[workflowId, "supervisor"]];
      // All attempts at a task go by one id.
      const id = readMemos(execution).agent?.taskId ?? workflowId;
      return type === workflowTypes.subagent ? [[id, "task"]] : [];
    }),
  );
  return [...ids].map(([id, kind]) => ({ id, kind }));
}

/** Of several attempts at a task the newest, with what those before it have used. */
function toNewest(tasks: readonly TaskView[]): readonly TaskView[] {
  const newest = new Map<string, TaskView>();
  for (const task of tasks) {
    const known = newest.get(task.taskId);
    if (!known) newest.set(task.taskId, task);
    else if (isNewer(task, known)) newest.set(task.taskId, follow(task, known));
    else newest.set(task.taskId, follow(known, task));
  }
  return [...newest.values()];
}

const isNewer = (a: TaskView, b: TaskView): boolean => (a.attempt ?? 1) > (b.attempt ?? 1);

function follow(newer: TaskView, older: TaskView): TaskView {
  const { usageBefore: before = noUsage } = older;
  const used = addUsage(before, older.usage);
  return { ...newer, usageBefore: addUsage(newer.usageBefore ?? noUsage, used) };
}

async function list(client: Client, id: string, query: string): Promise<Agents> {
  const executions = await readList(client, id, query);
  const asOf = new Date();
  const ofType = (type: string) => executions.filter((execution) => execution.type === type);
  const tasks = toNewest(
    ofType(workflowTypes.subagent).map((one) => toTaskView(one, asOf)),
  ).toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
  return {
    supervisors: ofType(workflowTypes.supervisor)
      .map((one) => toSupervisorView(one, asOf))
      .toSorted((a, b) => b.startedAt.localeCompare(a.startedAt)),
    tasks: await tellForced(client, tasks),
  };
}

function readList(
  client: Client,
  id: string,
  query: string,
  most = maxListed,
): Promise<readonly Execution[]> {
  return callServer(client, id, async () => {
    const executions: Execution[] = [];
    const latest = `${query} AND ExecutionStatus != 'ContinuedAsNew'`;
    for await (const execution of client.workflow.list({ query: latest })) {
      executions.push(execution);
      if (executions.length >= most) break;
    }
    return executions;
  });
}

function ofInstallation(installation: string): string {
  return `TaskQueue = '${checked(toQueues(installation).workflows)}'`;
}

/** Ids stand inside quotes. */
function checked(id: string): string {
  if (!isWorkflowId(id)) throw new TypeError(`not an id: ${id}`);
  return id;
}
