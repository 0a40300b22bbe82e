// A task that ignores its cancellation, and how it is ended all the same.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SupervisorHandle, TaskView } from "../../client/index.ts";
import { openStuckHost, type StuckHost } from "../support/stuck-host.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";

const graceMs = 3_000;
const roles = { BOSUN_ROLES: "workflows,models" };

let world: World;
let host: StuckHost;
beforeAll(async () => {
  world = await openWorld({
    workers: false,
    env: { BOSUN_CANCEL_GRACE_MS: String(graceMs), BOSUN_ROLL_AFTER_TURNS: "2" },
  });
  await world.startWorkers(roles);
  host = await openStuckHost(world);
});
afterAll(async () => {
  await host.close();
  await world.close();
});

const start = (description: string, agent: string) => ({
  name: "start_async_task",
  input: { description, subagent_type: agent },
});
const write = { name: "write_file", input: { path: "artifacts/x.md", content: "x" } };

/** A supervisor whose task writes and does not stop doing so. */
async function startStuck(mark: string): Promise<[SupervisorHandle, TaskView]> {
  const before = host.begun();
  await world.model.script(mark, [
    {
      when: { lastUser: `^go ${mark}` },
      reply: { toolCalls: [start(`${mark} part`, "writer")] },
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
  const [task] = await until("a write that does not end", async () => {
    const tasks = await supervisor.tasks();
    return host.begun() > before && tasks.length === 1 && tasks;
  });
  return [supervisor, task!];
}

/** The ends of tasks, as they stand in a transcript. */
async function noticesOf(supervisor: SupervisorHandle): Promise<readonly string[]> {
  const { messages } = await supervisor.transcript();
  return messages
    .flatMap((message) => message.content)
    .flatMap((block) => (block.type === "text" ? [block.text] : []))
    .filter((text) => text.startsWith('<bosun-event type="task_ended">'));
}

async function closeTimeOf(id: string): Promise<number> {
  const { closeTime } = await world.bosun.client.workflow.getHandle(id).describe();
  return closeTime?.getTime() ?? Number.NaN;
}

test("a task that ignores its supervisor's cancel is stopped by force after the grace, across rolls, and told once", async () => {
  const [supervisor, task] = await startStuck("force-a");
  const asked = Date.now();
  await supervisor.send("cancel it");
  for (const word of ["one", "two", "three"]) await supervisor.ask(`and ${word}?`);
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
  await world.bosun.client.workflow.getHandle(supervisor.id).result();
  expect(await supervisor.task(task.taskId).view()).toMatchObject({
    status: "cancelled",
    forced: true,
  });
});

test("somebody else's termination stays what it is", async () => {
  const [supervisor, task] = await startStuck("force-d");
  await world.bosun.client.workflow.getHandle(task.taskId).terminate("by hand");
  await untilReply(supervisor, "^Over: failed");
  await supervisor.end();
});
