// Agents that do not get on, and who is told.
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { Worker } from "@temporalio/worker";
import type { SupervisorHandle, TaskView } from "../../client/index.ts";
import { parseEnvironment } from "../../protocol/environment.ts";
import { startWorkers } from "../../workers/worker.ts";
import { startCall } from "../support/lead-agent.ts";
import { bundleWithout } from "../support/changed-workflows.ts";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";

const env = {
  BOSUN_TROUBLE_REPEATS: "2",
  BOSUN_TROUBLE_FAILURES: "3",
  BOSUN_TROUBLE_IDLE_TURNS: "50",
};
let world: World;
let rolling: World;
beforeAll(async () => {
  world = await openWorld({ env });
  rolling = await openWorld({ env: { ...env, BOSUN_ROLL_AFTER_TURNS: "1" } });
});
afterAll(() => Promise.all([world.close(), rolling.close()]));

const list = { name: "list_files", input: { pattern: "*.md" } };

/** A supervisor with one task that makes the same calls for so many turns, and ends when it may. */
const stuck = (
  mark: string,
  turns: number,
  toolCalls: readonly { name: string; input?: object }[] = [list],
) => [
  { when: { lastUser: `^go ${mark}` }, reply: { toolCalls: [startCall(`${mark}-task`)] } },
  {
    when: { system: "^# supervisor", anyUser: `^go ${mark}`, lastUser: "task_ended" },
    reply: { text: "Over." },
  },
  { when: { system: "^# supervisor", anyUser: `^go ${mark}` }, reply: { text: "Heard." } },
  {
    when: { anyUser: `^${mark}-task$`, lastUser: "^\\[note .*try else" },
    reply: { toolCalls: [{ name: "read_file", input: { path: "README.md" } }] },
  },
  {
    when: {
      anyUser: `^${mark}-task$`,
      unlessAnyUser: "try else",
      maxAssistantTurns: turns - 1,
    },
    reply: { toolCalls, delayMs: 150 },
  },
  { when: { anyUser: `^${mark}-task$` }, reply: { text: "Done.", until: `${mark} done` } },
];

const taskOf = (supervisor: SupervisorHandle, fits: (task: TaskView) => boolean) =>
  until("the task", async () => (await supervisor.tasks()).find(fits));

/** How often a notice of a type stands in a transcript, and how often a text. */
async function countIn(where: World, id: string, pattern: RegExp): Promise<number> {
  const { messages } = await where.bosun.task(id).transcript();
  return JSON.stringify(messages).match(pattern)?.length ?? 0;
}
const nudge = /<bosun-event type=\\"trouble\\">/g;
const told = /<bosun-event type=\\"task_trouble\\">/g;

test("a task that repeats itself is told, then its parent, then the person; a note ends it, and nothing was stopped", async () => {
  await world.model.script("stuck", stuck("stuck", 200));
  const supervisor = await world.start("go stuck");
  const { taskId } = await taskOf(supervisor, ({ trouble }) => trouble?.stage === "parent");
  const words = /list_files \*\.md was called \d+ times with the same arguments/;
  await untilFeed(supervisor, ({ event }) => event.type === "trouble" && words.test(event.text));
  const troubled = await until("it in the inbox", async () =>
    (await world.bosun.inbox()).troubled.find(
      ({ id, stage }) => id === taskId && stage === "person",
    ),
  );
  expect(troubled).toMatchObject({
    kind: "repeats",
    stage: "person",
    agent: "researcher",
    description: "stuck-task",
    supervisorId: supervisor.id,
    text: expect.stringMatching(words),
  });
  expect(await countIn(world, taskId, nudge)).toBe(1);
  // Nobody was woken by it.
  expect((await supervisor.status()).turn).toBe(2);
  await supervisor.task(taskId).steer("try else");
  await world.model.release("stuck done");
  const view = await supervisor.task(taskId).ended();
  expect(view).toMatchObject({ status: "completed" });
  expect(view.trouble).toBeUndefined();
  await untilReply(supervisor, "Over");
  await until("it out of the inbox", async () =>
    (await world.bosun.inbox()).troubled.every(({ id }) => id !== taskId),
  );
  expect(await countIn(world, supervisor.id, told)).toBe(0);
  await supervisor.end();
});

test("the parent's model reads of it at its next turn, once, and sees it where it looks", async () => {
  const check = {
    name: "check_async_task",
    input: { task_id: "{{json:start_async_task:task_id}}" },
  };
  await world.model.script("asked", [
    {
      when: { system: "^# supervisor", lastUser: "^look asked" },
      reply: { toolCalls: [check, { name: "list_async_tasks" }] },
    },
    {
      when: { system: "^# supervisor", anyUser: "^look asked" },
      reply: { text: "{{toolResult:check_async_task}} {{toolResult:list_async_tasks}}" },
    },
    ...stuck("asked", 200),
  ]);
  const supervisor = await world.start("go asked");
  const { taskId } = await taskOf(supervisor, ({ trouble }) => trouble?.stage === "person");
  await supervisor.send("look asked");
  const reply = await untilReply(supervisor, '"trouble":');
  expect(reply.match(/"trouble":"list_files \*\.md was called/g)).toHaveLength(2);
  await supervisor.ask("look asked again");
  expect(await countIn(world, supervisor.id, told)).toBe(1);
  await supervisor.task(taskId).cancel("enough");
  await supervisor.end();
});

test("everybody is told once, though task and parent roll after every turn", async () => {
  await rolling.model.script("rollstuck", stuck("rollstuck", 9));
  const supervisor = await rolling.start("go rollstuck");
  const { taskId } = await taskOf(supervisor, ({ trouble }) => trouble?.stage === "person");
  await untilReply(supervisor, "Heard");
  await rolling.model.release("rollstuck done");
  const view = await supervisor.task(taskId).ended();
  expect(view.status).toBe("completed");
  expect(await countIn(rolling, taskId, nudge)).toBe(1);
  const said = (await supervisor.feed()).entries.filter(
    ({ event }) => event.type === "trouble" && event.text.includes(taskId),
  );
  // Once when the parent hears, once when the person does, and once when it is over.
  expect(said).toHaveLength(3);
  expect(said[2]?.event).toMatchObject({ text: `Task ${taskId} gets on again.` });
  await supervisor.end();
});

test("failed calls in a row are told, too, and a supervisor's own are told to the person", async () => {
  let turn = 0;
  const missing = () => ({ name: "read_file", input: { path: `nowhere-${(turn += 1)}` } });
  await world.model.script("failing", [
    ...Array.from({ length: 9 }, (_, index) => ({
      when: { system: "^# supervisor", anyUser: "^go failing", assistantTurns: index },
      reply: { toolCalls: [missing()] },
    })),
    { when: { anyUser: "^go failing" }, reply: { text: "Given up.", until: "failing" } },
  ]);
  const supervisor = await world.start("go failing");
  const troubled = await until("it in the inbox", async () =>
    (await world.bosun.inbox()).troubled.find(({ id }) => id === supervisor.id),
  );
  expect(troubled).toMatchObject({ kind: "failures", description: "" });
  expect(troubled.text).toMatch(/^9 tool calls in a row have failed, .*read_file nowhere-9\.$/);
  expect(await countIn(world, supervisor.id, nudge)).toBe(1);
  await world.model.release("failing");
  await untilReply(supervisor, "Given up");
  await until("nobody in trouble", async () => (await supervisor.status()).trouble === undefined);
  await supervisor.end();
});

test("an agent begun before trouble was watched replays, and hears of it from its next turn on", async () => {
  const code = await bundleWithout("turn/tool-turn.ts", "watchCalls(agent);");
  const old = await openWorld({ workers: false, env: { ...env, BOSUN_GRACE_MS: "10000" } });
  try {
    // The seventh turn ends when only the next workers are there to hear of it.
    await old.model.script("before-7", [
      {
        when: { anyUser: "^before-task$", assistantTurns: 6 },
        reply: { toolCalls: [list], until: "before" },
      },
    ]);
    await old.model.script("before", stuck("before", 14));
    await old.model.release("before done");
    const first = await startWorkers({
      environment: parseEnvironment(old.env),
      connection: { address: inject("address") },
      namespace: "default",
      installation: old.installation,
      host: old.env["BOSUN_HOST"] ?? "",
      dir: old.env["BOSUN_DIR"] ?? "",
      workflowBundle: { code },
    });
    const supervisor = await old.start("go before");
    const { taskId } = await taskOf(supervisor, ({ turn }) => turn === 6);
    await until("its seventh call", async () => (await supervisor.task(taskId).look()).live);
    first.stop();
    await old.model.release("before");
    await first.done;
    await old.startWorkers();
    const view = await supervisor.task(taskId).ended();
    expect(view.status).toBe("completed");
    expect(await countIn(old, taskId, nudge)).toBe(1);
    const history = await old.bosun.client.workflow.getHandle(taskId).fetchHistory();
    const workflowBundle = { code: inject("bundle") };
    const replay = Worker.runReplayHistory({ workflowBundle }, history, taskId);
    await expect(replay).resolves.toBeUndefined();
    await supervisor.end();
  } finally {
    await old.close();
  }
}, 60_000);
