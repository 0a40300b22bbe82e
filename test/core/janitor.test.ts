// Tasks whose owner is gone are ended, and no others.
import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { WorkflowExecutionDescription, WorkflowExecutionInfo } from "@temporalio/client";
import { MockActivityEnvironment } from "@temporalio/testing";
import { NativeConnection, Worker } from "@temporalio/worker";
import { expect, inject, test } from "vitest";
import { createWatchActivities } from "../../activities/index.ts";
import { createFindOrphans } from "../../activities/tasks/find-orphans.ts";
import type { SupervisorHandle, TaskView } from "../../client/index.ts";
import type { FindOrphansInput, FoundOrphans } from "../../protocol/activities.ts";
import { parseEnvironment, toSettings } from "../../protocol/environment.ts";
import { toJanitorId, toQueues } from "../../protocol/ids.ts";
import { janitorQuery } from "../../protocol/messages.ts";
import { type Subagent, type SubagentInput, workflowTypes } from "../../protocol/workflows.ts";
import { startCall } from "../support/lead-agent.ts";
import { newClient } from "../support/new-client.ts";
import { openStuckHost } from "../support/stuck-host.ts";
import type { Rule } from "../support/scripted-model.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";

const intervalMs = 400;
const orphanGraceMs = 1_200;
const env = {
  BOSUN_JANITOR_INTERVAL_MS: String(intervalMs),
  BOSUN_ORPHAN_GRACE_MS: String(orphanGraceMs),
};

/** A supervisor's first answer starts tasks that think for a long time. */
function starting(mark: string, count: number): readonly Rule[] {
  const toolCalls = Array.from({ length: count }, (_, index) => startCall(`${mark} part ${index}`));
  return [
    { when: { lastUser: `^go ${mark}` }, reply: { toolCalls } },
    { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
    {
      when: { system: "^# researcher", anyUser: `${mark} part` },
      reply: { text: "Late.", until: "the end" },
    },
  ];
}

async function startTasks(
  world: World,
  mark: string,
  count: number,
): Promise<[SupervisorHandle, readonly TaskView[]]> {
  await world.model.script(mark, starting(mark, count));
  const supervisor = await world.start(`go ${mark}`);
  await untilReply(supervisor, "Heard");
  const tasks = await until("running tasks", async () => {
    const all = await supervisor.tasks();
    return all.length === count && all.every((task) => task.status === "running") && all;
  });
  return [supervisor, tasks];
}

/** An agent that may write and delegate. */
async function addAgent(world: World, name: string): Promise<void> {
  const folder = join(world.workspace, ".claude", "agents");
  await mkdir(folder, { recursive: true });
  const front = `---\nname: ${name}\ndescription: Leads.\ntools: Read, Write, Task\n---\n`;
  await writeFile(join(folder, `${name}.md`), `${front}# ${name}\n`);
}

const handleOf = (world: World, id: string) => world.bosun.client.workflow.getHandle(id);

const report = (world: World) =>
  handleOf(world, toJanitorId(world.installation)).query(janitorQuery);

const looksOf = ({ raw }: WorkflowExecutionDescription): number =>
  raw.pendingActivities?.[0]?.attempt ?? 0;

async function closeTimeOf(world: World, id: string): Promise<number> {
  return (await handleOf(world, id).describe()).closeTime?.getTime() ?? Number.NaN;
}

async function within<Answer>(world: World, use: () => Promise<Answer>): Promise<Answer> {
  try {
    return await use();
  } finally {
    await world.close();
  }
}

test("tasks of a terminated supervisor are cancelled after the grace, leaves first, and counted across rolls", async () => {
  const world = await openWorld({ env: { ...env, BOSUN_ROLL_AFTER_TURNS: "1" } });
  await within(world, async () => {
    await addAgent(world, "lead");
    await world.model.script("leaf", [
      { when: { lastUser: "^go leaf" }, reply: { toolCalls: [startCall("leaf top", "lead")] } },
      { when: { system: "^# supervisor", anyUser: "go leaf" }, reply: { text: "Heard." } },
      {
        when: { system: "^# lead", anyUser: "leaf top", assistantTurns: 0 },
        reply: { toolCalls: [startCall("leaf part")] },
      },
      { when: { system: "^# lead", anyUser: "leaf top" }, reply: { text: "Waiting." } },
      {
        when: { system: "^# researcher", anyUser: "leaf part" },
        reply: { text: "Late.", until: "the end" },
      },
    ]);
    const supervisor = await world.start("go leaf");
    const [top, leaf] = await until("two levels", async () => {
      const tasks = await supervisor.tasks();
      return tasks.length === 2 && tasks[1]?.status === "running" && tasks;
    });
    await handleOf(world, supervisor.id).terminate("by hand");
    const gone = await closeTimeOf(world, supervisor.id);
    expect(await world.bosun.task(top!.taskId).ended()).toMatchObject({ status: "cancelled" });
    expect(await world.bosun.task(leaf!.taskId).ended()).toMatchObject({ status: "cancelled" });
    const closed = [await closeTimeOf(world, leaf!.taskId), await closeTimeOf(world, top!.taskId)];
    expect(closed).toEqual(closed.toSorted((a, b) => a - b));
    expect(closed[0]! - gone).toBeGreaterThan(orphanGraceMs);
    // The lead has cancelled its own task: that one was never an orphan.
    await until("a count", async () => (await report(world)).ended === 1);
    const [, [other]] = await startTasks(world, "second", 1);
    await handleOf(world, other!.parentId!).terminate("by hand");
    await until("a second count", async () => (await report(world)).ended === 2);
    expect(await report(world)).toMatchObject({ forced: 0, stopping: 0 });
    const { raw } = await handleOf(world, toJanitorId(world.installation)).describe();
    expect(raw.workflowExecutionInfo?.firstRunId).not.toBe(
      raw.workflowExecutionInfo?.execution?.runId,
    );
  });
}, 60_000);

test.concurrent("an orphan that does not stop is ended by force with all below it, leaves first", async () => {
  const world = await openWorld({
    workers: false,
    env: { ...env, BOSUN_CANCEL_GRACE_MS: "3000" },
  });
  await world.startWorkers({ BOSUN_ROLES: "workflows,models" });
  const host = await openStuckHost(world);
  try {
    await addAgent(world, "stubborn");
    const write = { name: "write_file", input: { path: "artifacts/x.md", content: "x" } };
    await world.model.script("stuck", [
      {
        when: { lastUser: "^go stuck" },
        reply: { toolCalls: [startCall("stuck top", "stubborn")] },
      },
      { when: { system: "^# supervisor", anyUser: "go stuck" }, reply: { text: "Heard." } },
      {
        when: { system: "^# stubborn", anyUser: "stuck top" },
        reply: { toolCalls: [startCall("stuck part"), write] },
      },
      {
        when: { system: "^# researcher", anyUser: "stuck part" },
        reply: { toolCalls: [write] },
      },
    ]);
    const supervisor = await world.start("go stuck");
    const [top, leaf] = await until("two levels", async () => {
      const tasks = await supervisor.tasks();
      return tasks.length === 2 && host.begun() === 2 && tasks;
    });
    await handleOf(world, supervisor.id).terminate("by hand");
    const ended = { status: "cancelled", forced: true };
    expect(await world.bosun.task(top!.taskId).ended()).toMatchObject(ended);
    expect(await world.bosun.task(leaf!.taskId).view()).toMatchObject(ended);
    const closed = [await closeTimeOf(world, leaf!.taskId), await closeTimeOf(world, top!.taskId)];
    expect(closed).toEqual(closed.toSorted((a, b) => a - b));
    await until("a count", async () => (await report(world)).forced === 1);
    expect(await report(world)).toMatchObject({ ended: 1, forced: 1, stopping: 0 });
  } finally {
    await host.close();
    await world.close();
  }
}, 60_000);

test.concurrent("a reset supervisor's former tasks are ended, its new ones live", async () => {
  const world = await openWorld({ env });
  await within(world, async () => {
    const [supervisor, [former]] = await startTasks(world, "reset", 1);
    const { client } = world.bosun;
    const { events } = await handleOf(world, supervisor.id).fetchHistory();
    const first = events?.find((event) => event.workflowTaskCompletedEventAttributes);
    await client.workflowService.resetWorkflowExecution({
      namespace: "default",
      workflowExecution: { workflowId: supervisor.id },
      workflowTaskFinishEventId: first!.eventId!,
      requestId: randomUUID(),
      reason: "test",
    });
    expect(await world.bosun.task(former!.taskId).ended()).toMatchObject({ status: "cancelled" });
    const now = await until("a new task", async () => {
      const tasks = await supervisor.tasks();
      return tasks.find((task) => task.taskId !== former!.taskId);
    });
    await sleep(orphanGraceMs + 4 * intervalMs);
    expect((await world.bosun.task(now.taskId).view()).endedAt).toBe(null);
    await until("a count", async () => (await report(world)).ended === 1);
    expect(await report(world)).toMatchObject({ ended: 1, forced: 0 });
    await supervisor.end();
  });
}, 60_000);

test.concurrent("while all workers are away nothing ends, and after it only what has no owner", async () => {
  const world = await openWorld({ workers: false, env });
  await within(world, async () => {
    const workers = await world.startWorkers();
    const [living, tasks] = await startTasks(world, "away", 3);
    const [gone, orphans] = await startTasks(world, "gone", 2);
    workers.stop();
    await workers.done;
    await handleOf(world, gone.id).terminate("by hand");
    await sleep(orphanGraceMs + 6 * intervalMs);
    for (const { taskId } of [...tasks, ...orphans]) {
      expect((await world.bosun.task(taskId).view()).endedAt).toBe(null);
    }
    await world.startWorkers();
    for (const { taskId } of orphans) {
      expect(await world.bosun.task(taskId).ended()).toMatchObject({ status: "cancelled" });
    }
    await sleep(orphanGraceMs + 6 * intervalMs);
    expect((await living.tasks()).map((task) => task.endedAt)).toEqual([null, null, null]);
    await until("a count", async () => (await report(world)).ended === 2);
    expect(await report(world)).toMatchObject({ ended: 2, forced: 0 });
    await living.end();
  });
}, 60_000);

test("a terminated janitor comes back, and a new worker's limits reach it", async () => {
  const slow = { ...env, BOSUN_ORPHAN_GRACE_MS: "600000" };
  const world = await openWorld({ env: slow });
  await within(world, async () => {
    const id = toJanitorId(world.installation);
    const first = await until("a janitor", async () => {
      return await handleOf(world, id)
        .describe()
        .catch(() => undefined);
    });
    await handleOf(world, id).terminate("by hand");
    await until("another one", async () => {
      const { runId, status } = await handleOf(world, id).describe();
      return runId !== first.runId && status.name === "RUNNING";
    });
    const [supervisor, [task]] = await startTasks(world, "limits", 1);
    await handleOf(world, supervisor.id).terminate("by hand");
    await sleep(orphanGraceMs + 4 * intervalMs);
    expect((await world.bosun.task(task!.taskId).view()).endedAt).toBe(null);
    await world.startWorkers({ BOSUN_ORPHAN_GRACE_MS: "500" });
    expect(await world.bosun.task(task!.taskId).ended()).toMatchObject({ status: "cancelled" });
  });
}, 60_000);

test.concurrent("quiet looks leave no event, and the janitor's history replays", async () => {
  const world = await openWorld({ env });
  await within(world, async () => {
    const [supervisor] = await startTasks(world, "quiet", 1);
    const janitor = handleOf(world, toJanitorId(world.installation));
    // What it finds of the start is an event. If each look left one, there would never be a fifth.
    let before = await janitor.describe();
    await until("five looks without an event", async () => {
      const now = await janitor.describe();
      if (now.historyLength !== before.historyLength) before = now;
      return looksOf(now) > looksOf(before) + 4;
    });
    await handleOf(world, supervisor.id).terminate("by hand");
    await until("a count", async () => (await report(world)).ended === 1);
    const replay = Worker.runReplayHistory(
      { workflowBundle: { code: inject("bundle") } },
      await janitor.fetchHistory(),
      janitor.workflowId,
    );
    await expect(replay).resolves.toBeUndefined();
  });
}, 60_000);

test.concurrent("an end that comes together with a roll is counted once, and never taken back", async () => {
  const world = await openWorld({
    workers: false,
    env: {
      BOSUN_JANITOR_INTERVAL_MS: "4000",
      BOSUN_ORPHAN_GRACE_MS: "100",
      BOSUN_ROLL_AFTER_TURNS: "1",
    },
  });
  const workers = await world.startWorkers({ BOSUN_ROLES: "workflows,models" });
  const host = await openStuckHost(world);
  const connection = await NativeConnection.connect({ address: inject("address") });
  try {
    const write = { name: "write_file", input: { path: "artifacts/x.md", content: "x" } };
    await world.model.script("roll", [
      { when: { lastUser: "^go roll" }, reply: { toolCalls: [startCall("roll part")] } },
      { when: { system: "^# supervisor", anyUser: "go roll" }, reply: { text: "Heard." } },
      { when: { system: "^# researcher", anyUser: "roll part" }, reply: { toolCalls: [write] } },
    ]);
    const supervisor = await world.start("go roll");
    const task = await until("a write", async () => {
      return host.begun() === 1 && (await supervisor.tasks())[0];
    });
    await handleOf(world, supervisor.id).terminate("by hand");
    await until("it was asked to stop", async () => (await report(world)).stopping === 1);
    workers.stop();
    await workers.done;
    // The time for a roll comes and the task ends, while only those who watch are there.
    const watch = await Worker.create({
      connection,
      taskQueue: toQueues(world.installation).watch,
      activities: { ...createWatchActivities(world.bosun.client) },
    });
    await watch.runUntil(async () => {
      await handleOf(world, task.taskId).terminate("by hand");
      const janitor = handleOf(world, toJanitorId(world.installation));
      await until("its end is known", async () => {
        const { raw } = await janitor.describe();
        const { events } = await janitor.fetchHistory();
        const isTime = events?.some((event) => event.timerFiredEventAttributes);
        return isTime && raw.pendingActivities?.length === 0;
      });
    });
    const asked = report(world);
    await world.startWorkers({ BOSUN_ROLES: "workflows,models" });
    const told = await asked;
    expect((await report(world)).ended).toBeGreaterThanOrEqual(told.ended);
    await until("a count", async () => (await report(world)).ended === 1);
  } finally {
    await host.close();
    await connection.close();
    await world.close();
  }
}, 60_000);

test("a task that has ended is no orphan any more, also while lists still show it running", async () => {
  const world = await openWorld({ env: { ...env, BOSUN_ORPHAN_GRACE_MS: "600000" } });
  await within(world, async () => {
    const [supervisor, [task]] = await startTasks(world, "late list", 1);
    const looker = newLooker(world, task!.taskId);
    await handleOf(world, supervisor.id).terminate("by hand");
    await until("an orphan", async () => (await looker.look()).orphans.includes(task!.taskId));
    await looker.keepList();
    await handleOf(world, task!.taskId).terminate("by hand");
    expect(await looker.look()).toMatchObject({ orphans: [], suspects: [] });
  });
}, 60_000);

/** Looks as the janitor does, for a task that was found once, without its grace. */
function newLooker(world: World, suspect: string) {
  const client = newClient(world);
  const find = createFindOrphans(client);
  const input: FindOrphansInput = {
    installation: world.installation,
    graceMs: 0,
    intervalMs,
    suspects: [suspect],
    known: [],
  };
  return {
    look: () =>
      new MockActivityEnvironment().run<[FindOrphansInput], FoundOrphans, typeof find>(find, input),
    /** From now on lists show what they show now. */
    async keepList(): Promise<void> {
      const query = `TaskQueue = '${toQueues(world.installation).workflows}' AND ExecutionStatus = 'Running'`;
      const shown: WorkflowExecutionInfo[] = [];
      for await (const execution of client.workflow.list({ query })) shown.push(execution);
      expect(shown.map(({ workflowId }) => workflowId)).toContain(suspect);
      const list = async function* () {
        yield* shown;
      };
      client.workflow.list = () => Object.assign(list(), { intoHistories: () => list() as never });
    },
  };
}

test("what another program started on the same queue is left alone, and so is what has no parent", async () => {
  const world = await openWorld({ env });
  await within(world, async () => {
    const taskQueue = `other-${world.installation}`;
    const input: SubagentInput = {
      description: "other",
      agent: "researcher",
      workspace: { host: "nowhere", path: world.workspace, writable: true, git: false },
      parentId: "nobody",
      rootId: "nobody",
      depth: 1,
      parentModel: "",
      begun: false,
      settings: toSettings(parseEnvironment(world.env), {
        installation: world.installation,
        searchAttributes: false,
      }),
    };
    const queue = toQueues(world.installation).workflows;
    const [child, alone] = [`other-${randomUUID()}`, `alone-${randomUUID()}`];
    const { client } = world.bosun;
    const other = await Worker.create({
      connection: await NativeConnection.connect({ address: inject("address") }),
      taskQueue,
      workflowsPath: fileURLToPath(new URL("../support/other-parent.ts", import.meta.url)),
    });
    await other.runUntil(
      client.workflow.execute("otherParent", {
        taskQueue,
        workflowId: `parent-${child}`,
        args: [queue, child, input],
      }),
    );
    await client.workflow.start<Subagent>(workflowTypes.subagent, {
      taskQueue: queue,
      workflowId: alone,
      args: [input],
    });
    await sleep(2 * orphanGraceMs + 5 * intervalMs);
    for (const id of [child, alone]) {
      expect((await handleOf(world, id).describe()).status.name).toBe("RUNNING");
      await handleOf(world, id).terminate();
    }
    expect(await report(world)).toMatchObject({ ended: 0, stopping: 0 });
  });
}, 60_000);
