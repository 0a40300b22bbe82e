// What has to hold when a fault is over.
import type { temporal } from "@temporalio/proto";
import { Worker } from "@temporalio/worker";
import type { SupervisorHandle, TaskView, TranscriptPage } from "../../../client/index.ts";
import type { JournalEntry } from "../../support/scripted-model.ts";
import type { FaultWorld } from "./fault-world.ts";
import { type OpenScene, type Scene, sceneTasks } from "./scene.ts";
import { until } from "./until.ts";

type History = temporal.api.history.v1.IHistory;

export interface Aftermath {
  readonly tasks: readonly TaskView[];
  /** Model calls, and how many of them were asked a second time because no answer had been recorded. */
  readonly calls: number;
  readonly askedAgain: number;
  /** What does not hold, in words. */
  readonly wrong: readonly string[];
}

/** Resolves when every task has ended and the supervisor has read of each. */
export async function untilSettled(
  { supervisor }: Scene,
  count: number,
): Promise<readonly TaskView[]> {
  return await until(`${count} ended tasks, all told`, async () => {
    const tasks = await supervisor.tasks();
    if (tasks.length < count || tasks.some((task) => task.endedAt === null)) return false;
    if ((await supervisor.status()).status !== "idle") return false;
    const told = countNotices(await supervisor.transcript());
    const own = tasks.filter((task) => task.parentId === supervisor.id);
    return own.every(({ taskId }) => told.has(taskId)) && tasks;
  });
}

/** Every promise that holds for any fault, looked at in the records. */
export async function inspectAftermath(
  world: FaultWorld,
  { supervisor, mark }: Scene,
  bundle: string,
): Promise<Aftermath> {
  const tasks = await supervisor.tasks();
  const histories = await readHistories(world, supervisor.id);
  const journal = await world.model.journal(mark);
  const kept = dropRewound(histories);
  const recorded = new Set(kept.flatMap(recordedMessages));
  const groups = bySameRequest(journal);
  const wrong = [
    ...(await wrongInTranscripts(world, supervisor, tasks)),
    ...(await wrongOnBoard(supervisor, tasks)),
    ...groups.flatMap((group) => madeAgain(group, recorded)),
    ...(await wrongInReplay(histories, bundle)),
  ];
  return { tasks, calls: journal.length, askedAgain: journal.length - groups.length, wrong };
}

/** Finishes a scene. The same for one in which nobody stopped anything: every task completes. */
export async function inspectWhole(
  world: FaultWorld,
  scene: OpenScene,
  bundle: string,
): Promise<Pick<Aftermath, "askedAgain" | "wrong">> {
  await scene.finish();
  const tasks = await untilSettled(scene, sceneTasks);
  const { wrong, askedAgain } = await inspectAftermath(world, scene, bundle);
  const others = tasks.filter((task) => task.status !== "completed");
  return {
    askedAgain,
    wrong: [...others.map((task) => `${task.taskId} ${task.status}`), ...wrong],
  };
}

async function wrongInTranscripts(
  world: FaultWorld,
  supervisor: SupervisorHandle,
  tasks: readonly TaskView[],
): Promise<readonly string[]> {
  const ids = [supervisor.id, ...tasks.map((task) => task.taskId)];
  const stopped = new Set(
    tasks.filter((task) => task.reason === "terminated").map((task) => task.taskId),
  );
  const found = await Promise.all(
    ids.map(async (id) => {
      const page = await until(`the transcript of ${id}`, () => world.bosun.task(id).transcript());
      const told = countNotices(page);
      const own = tasks.filter((task) => task.parentId === id);
      return [
        ...wrongCalls(page, stopped.has(id)).map((what) => `${id}: ${what}`),
        ...own
          .filter(({ taskId }) => told.get(taskId) !== 1)
          .map(({ taskId }) => `${id} was told ${told.get(taskId) ?? 0} times of ${taskId}`),
      ];
    }),
  );
  return found.flat();
}

/** How often each task's end stands in a transcript. */
export function countNotices({ messages }: TranscriptPage): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const texts = messages
    .filter((message) => message.role === "user")
    .flatMap((message) => message.content)
    .flatMap((block) => (block.type === "text" ? [block.text] : []));
  for (const text of texts) {
    const [, json] = /^<bosun-event type="task_ended">\n(.*?)\n<\/bosun-event>/s.exec(text) ?? [];
    if (json === undefined) continue;
    const { task_id: id } = JSON.parse(json) as { task_id: string };
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/**
 * Each tool call is answered once, in the next user message, and nothing else is. What a
 * terminated task asked for last may be left open.
 */
function wrongCalls({ messages }: TranscriptPage, stopped: boolean): readonly string[] {
  return messages.flatMap((message, at) => {
    if (message.role !== "assistant" || (stopped && at === messages.length - 1)) return [];
    const called = message.content.flatMap((block) =>
      block.type === "tool_use" ? [block.id] : [],
    );
    const answered = (messages[at + 1]?.content ?? []).flatMap((block) =>
      block.type === "tool_result" ? [block.tool_use_id] : [],
    );
    const same = called.toSorted().join() === answered.toSorted().join();
    return same ? [] : [`message ${at} calls ${called.join()}, answered are ${answered.join()}`];
  });
}

/** The feed names each end once. */
async function wrongOnBoard(
  supervisor: SupervisorHandle,
  tasks: readonly TaskView[],
): Promise<readonly string[]> {
  const { entries } = await until("the feed", () => supervisor.feed());
  const ends = entries.flatMap(({ event }) =>
    event.type === "task" && /completed|failed|cancelled/.test(event.phase.status)
      ? [event.taskId]
      : [],
  );
  return tasks
    .filter((task) => task.parentId === supervisor.id)
    .map(({ taskId }) => ({ taskId, times: ends.filter((id) => id === taskId).length }))
    .filter(({ times }) => times !== 1)
    .map(({ taskId, times }) => `the board saw ${taskId} end ${times} times`);
}

interface Recorded {
  readonly workflowId: string;
  readonly runId: string;
  readonly history: History;
}

/** Of every run of every agent of the tree. */
async function readHistories(world: FaultWorld, rootId: string): Promise<readonly Recorded[]> {
  const { workflow } = world.bosun.client;
  const recorded: Recorded[] = [];
  for await (const { workflowId, runId } of workflow.list({
    query: `RootWorkflowId = '${rootId}'`,
  })) {
    const history = await workflow.getHandle(workflowId, runId).fetchHistory();
    recorded.push({ workflowId, runId, history });
  }
  return recorded;
}

/** Every history, without what somebody went back behind: that is done again. */
function dropRewound(histories: readonly Recorded[]): readonly History[] {
  const resets = histories
    .flatMap(({ history }) => history.events ?? [])
    .flatMap(({ eventId, workflowTaskFailedEventAttributes: failed }) =>
      failed?.baseRunId ? [{ runId: failed.baseRunId, eventId: Number(eventId) }] : [],
    );
  return histories.map(({ runId, history }) => {
    const reset = resets.find((one) => one.runId === runId);
    if (!reset) return history;
    const { events } = history;
    return { events: (events ?? []).filter(({ eventId }) => Number(eventId) < reset.eventId) };
  });
}

/** Ids of the model's answers that stand in a history. */
function recordedMessages({ events }: History): readonly string[] {
  return (events ?? [])
    .flatMap((event) => event.activityTaskCompletedEventAttributes?.result?.payloads ?? [])
    .flatMap((payload) => {
      const text = Buffer.from(payload.data ?? []).toString();
      const [, id] = /"messageId":"([^"]+)"/.exec(text) ?? [];
      return id === undefined ? [] : [id];
    });
}

function bySameRequest(entries: readonly JournalEntry[]): readonly (readonly JournalEntry[])[] {
  const groups = new Map<string, JournalEntry[]>();
  for (const entry of entries) {
    const key = JSON.stringify([entry.request.system, entry.request.messages]);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()];
}

/** Calls that came after one whose answer is in history. */
function madeAgain(
  group: readonly JournalEntry[],
  recorded: ReadonlySet<string>,
): readonly string[] {
  const isRecorded = ({ outcome }: JournalEntry): boolean => {
    const id = outcome["messageId"];
    return typeof id === "string" && recorded.has(id);
  };
  const first = group.findIndex(isRecorded);
  if (first === -1 || first === group.length - 1) return [];
  return [`call ${group[first]?.n} is recorded and was made ${group.length} times`];
}

async function wrongInReplay(
  histories: readonly Recorded[],
  code: string,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  const replays = Worker.runReplayHistories({ workflowBundle: { code } }, histories);
  for await (const { workflowId, error } of replays) {
    if (error) wrong.push(`${workflowId} does not replay: ${error.message}`);
  }
  return wrong;
}
