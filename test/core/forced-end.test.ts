// Tasks that ignore their cancellation are ended.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SupervisorHandle, TaskView } from "../../client/index.ts";
import { startCall } from "../support/lead-agent.ts";
import { openStuckHost, type StuckHost } from "../support/stuck-host.ts";
import type { RunningWorkers } from "../../workers/worker.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";

/** Longer than the turns of a supervisor that are meant to fit in, on a slow machine too. */
const graceMs = 6_000;
/** Nobody worked for longer than the grace: then it is given once more. */
const awayMs = 2 * graceMs + 3_000;
const roles = { BOSUN_ROLES: "workflows,models" };

let world: World;
let host: StuckHost;
let workers: RunningWorkers;
beforeAll(async () => {
  world = await openWorld({
    workers: false,
    env: { BOSUN_CANCEL_GRACE_MS: String(graceMs), BOSUN_ROLL_AFTER_TURNS: "2" },
  });
  workers = await world.startWorkers(roles);
  host = await openStuckHost(world);
});
afterAll(async () => {
  await host.close();
  await world.close();
});

const write = { name: "write_file", input: { path: "artifacts/x.md", content: "x" } };

/** A supervisor whose task writes and does not stop doing so. */
async function startStuck(mark: string): Promise<[SupervisorHandle, TaskView]> {
  await world.model.script(mark, [
    {
      when: { lastUser: `^go ${mark}` },
      reply: { toolCalls: [startCall(`${mark} part`, "writer")] },
    },
    {
      when: { system: "^# supervisor", lastUser: "^cancel it" },
      reply: {
        toolCalls: [
          {
            name: "cancel_async_task",
            input: { task_id: "{{json:start_async_task:task_id}}", reason: "enough" },
          },
        ],
      },
    },
    {
      when: { system: "^# supervisor", anyUser: `go ${mark}`, lastUser: "task_ended" },
      reply: { text: "Over: {{event:task_ended:status}}" },
    },
    { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
    {
      when: { system: "^# writer", anyUser: `${mark} part` },
      reply: { text: "Half of it.", toolCalls: [write] },
    },
  ]);
  const supervisor = await world.start(`go ${mark}`);
  const task = await until("the task", async () => (await supervisor.tasks())[0]);
  await until("a write that does not end", async () => {
    const { pendingActivities } = (await handleOf(task.taskId).describe()).raw;
    return pendingActivities?.some(
      ({ activityType, lastStartedTime }) => activityType?.name === "runTool" && lastStartedTime,
    );
  });
  return [supervisor, task];
}

/** The ends of tasks, as they stand in a transcript. */
async function noticesOf(supervisor: SupervisorHandle): Promise<readonly string[]> {
  const { messages } = await supervisor.transcript();
  return messages
    .flatMap((message) => message.content)
    .flatMap((block) => (block.type === "text" ? [block.text] : []))
    .filter((text) => text.startsWith('<bosun-event type="task_ended">'));
}

const handleOf = (id: string) => world.bosun.client.workflow.getHandle(id);

async function closeTimeOf(id: string): Promise<number> {
  const { closeTime } = await handleOf(id).describe();
  return closeTime?.getTime() ?? Number.NaN;
}

// Each waits for the grace.
describe.concurrent("while workers run", () => {
  test("a task that ignores its supervisor's cancel is stopped by force after the grace, across rolls, and told once", async () => {
    const [supervisor, task] = await startStuck("force-a");
    const asked = Date.now();
    await supervisor.ask("cancel it");
    const { runId } = await handleOf(supervisor.id).describe();
    for (const word of ["one", "two"]) await supervisor.ask(`and ${word}?`);
    await until("a roll", async () => (await handleOf(supervisor.id).describe()).runId !== runId);
    expect((await supervisor.task(task.taskId).view()).endedAt).toBe(null);
    await untilReply(supervisor, "^Over: cancelled");
    expect((await closeTimeOf(task.taskId)) - asked).toBeGreaterThanOrEqual(graceMs);
    const view = await supervisor.task(task.taskId).view();
    expect(view).toMatchObject({ status: "cancelled", forced: true });
    await until("an idle supervisor", async () => (await supervisor.feed()).status === "idle");
    const notices = await noticesOf(supervisor);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/"status":"cancelled","forced":true,"summary":"Half of it\."/);
    expect(notices[0]).toMatch(/stopped by force/);
    await supervisor.end();
  });

  test("one cancelled past its supervisor is forced by it, too", async () => {
    const [supervisor, task] = await startStuck("force-b");
    await world.bosun.task(task.taskId).cancel("by hand");
    await untilReply(supervisor, "^Over: cancelled");
    expect(await supervisor.task(task.taskId).view()).toMatchObject({ forced: true });
    await supervisor.end();
  });

  test("a supervisor ends although its task does not stop", async () => {
    const [supervisor, task] = await startStuck("force-c");
    await supervisor.end();
    await handleOf(supervisor.id).result();
    expect(await supervisor.task(task.taskId).view()).toMatchObject({
      status: "cancelled",
      forced: true,
    });
  });

  test("somebody else's termination stays what it is", async () => {
    const [supervisor, task] = await startStuck("force-d");
    await handleOf(task.taskId).terminate("by hand");
    await untilReply(supervisor, "^Over: failed");
    expect(await supervisor.task(task.taskId).view()).toMatchObject({
      status: "failed",
      reason: "terminated",
    });
    await supervisor.end();
  });
});

async function leave(): Promise<void> {
  workers.stop();
  await workers.done;
}

test("while workers are away nothing is forced: after it the grace is given again, and who never heard of the cancel stops", async () => {
  const [supervisor, task] = await startStuck("force-e");
  const mark = "force-f";
  await world.model.script(mark, [
    {
      when: { lastUser: `^go ${mark}` },
      reply: { toolCalls: [startCall(`${mark} part`, "writer")] },
    },
    { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
    {
      when: { system: "^# writer", anyUser: `${mark} part` },
      reply: { text: "Late.", until: "never" },
    },
  ]);
  const another = await world.start(`go ${mark}`);
  await untilReply(another, "Heard");
  const willing = await until("the task", async () => (await another.tasks())[0]);
  await supervisor.ask("cancel it");
  await leave();
  await world.bosun.task(willing.taskId).cancel("enough");
  await sleep(awayMs);
  for (const { taskId } of [task, willing])
    expect((await handleOf(taskId).describe()).status.name).toBe("RUNNING");
  const back = Date.now();
  workers = await world.startWorkers(roles);
  const view = await world.bosun.task(willing.taskId).ended();
  expect([view.status, view.forced]).toEqual(["cancelled", undefined]);
  await untilReply(supervisor, "^Over: cancelled");
  expect((await closeTimeOf(task.taskId)) - back).toBeGreaterThanOrEqual(graceMs);
  expect(await supervisor.task(task.taskId).view()).toMatchObject({ forced: true });
  await Promise.all([supervisor, another].map((one) => one.end()));
}, 60_000);
