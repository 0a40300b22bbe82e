// A run that continues as new carries everything with it.
import { afterAll, beforeAll, expect, test } from "vitest";
import { untilAll } from "../support/lead-agent.ts";
import { openWorld, runsOf, until, untilFeed, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld({ env: { BOSUN_ROLL_AFTER_TURNS: "1" } });
});
afterAll(() => world.close());

const start = (part: string) => ({
  name: "start_async_task",
  input: { description: `roll ${part}`, subagent_type: "researcher" },
});

test("tasks started before a roll are told after it, each once, and can still be steered and cancelled", async () => {
  await world.model.script("roll", [
    {
      when: { lastUser: "^go roll" },
      reply: { toolCalls: [start("one"), start("two"), start("three")] },
    },
    {
      when: { system: "^# supervisor", lastUser: "^steer and cancel" },
      reply: {
        toolCalls: [
          {
            name: "update_async_task",
            input: { task_id: "{{json:start_async_task#2:task_id}}", message: "hurry" },
          },
          {
            name: "cancel_async_task",
            input: { task_id: "{{json:start_async_task#3:task_id}}", reason: "enough" },
          },
        ],
      },
    },
    { when: { system: "^# supervisor", anyUser: "go roll" }, reply: { text: "Heard." } },
    {
      when: { system: "^# researcher", anyUser: "roll one" },
      reply: { text: "One.", until: "roll" },
    },
    {
      when: { system: "^# researcher", anyUser: "roll two", lastUser: "hurry" },
      reply: { text: "Two, hurried." },
    },
    {
      when: { system: "^# researcher", anyUser: "roll two", assistantTurns: 0 },
      reply: { toolCalls: [{ name: "list_files" }], until: "roll" },
    },
    {
      when: { system: "^# researcher", anyUser: "roll three" },
      reply: { text: "Never.", until: "the end" },
    },
  ]);
  const supervisor = await world.start("go roll");
  await untilReply(supervisor, "Heard");
  const { id } = await supervisor.send("steer and cancel");
  await untilFeed(supervisor, ({ event }) => event.type === "reply" && event.answers.includes(id));
  await world.model.release("roll");
  const tasks = await until("all ended", async () => {
    const all = await supervisor.tasks();
    return all.length === 3 && all.every((task) => task.endedAt !== null) && all;
  });
  const statuses = Object.fromEntries(tasks.map((task) => [task.description, task.status]));
  expect(statuses).toEqual({
    "roll one": "completed",
    "roll two": "completed",
    "roll three": "cancelled",
  });
  await until("three ends in the feed", async () => {
    const { entries } = await supervisor.feed();
    return (
      entries.filter(
        ({ event }) =>
          event.type === "task" && ["completed", "cancelled"].includes(event.phase.status),
      ).length === 3
    );
  });
  await untilFeed(supervisor, ({ event }) => event.type === "receipt");
  await until("an idle supervisor", async () => (await supervisor.feed()).status === "idle");
  const { messages } = await supervisor.transcript();
  const notices = JSON.stringify(messages).match(/<bosun-event type=..task_ended/g);
  expect(notices).toHaveLength(3);
  await until("more than three runs", async () => (await runsOf(world, supervisor.id)) > 3);
  await supervisor.end();
});

test("the same message id has one effect across a roll", async () => {
  await world.model.script("again", [{ when: { lastUser: "^again-1" }, reply: { text: "once" } }]);
  const supervisor = await world.start();
  await supervisor.send("again-1", { id: "m-1" });
  await untilReply(supervisor, "once");
  await until("a second run", async () => (await runsOf(world, supervisor.id)) > 1);
  expect(await supervisor.send("again-1", { id: "m-1" })).toMatchObject({ known: true });
  expect(await world.model.journal("again-1")).toHaveLength(1);
  await supervisor.end();
});

test("a task rolls too, and its parent hears one end", async () => {
  await world.model.script("child", [
    {
      when: { lastUser: "^go child" },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: "child-task", subagent_type: "researcher" },
          },
        ],
      },
    },
    {
      when: { system: "^# supervisor", anyUser: "go child", lastUser: "task_ended" },
      reply: { text: "Over: {{event:task_ended:summary}}" },
    },
    { when: { system: "^# supervisor", anyUser: "go child" }, reply: { text: "Heard." } },
    {
      when: { system: "^# researcher", anyUser: "child-task", maxAssistantTurns: 3 },
      reply: { toolCalls: [{ name: "list_files" }] },
    },
    {
      when: { system: "^# researcher", anyUser: "child-task" },
      reply: { text: "After four rolls." },
    },
  ]);
  const supervisor = await world.start("go child");
  expect(await untilReply(supervisor, "^Over")).toBe("Over: After four rolls.");
  const [task] = await untilAll(supervisor, "completed", ({ status }) => status === "completed");
  await until("its runs in the list", async () => (await runsOf(world, task!.taskId)) >= 5);
  expect(await runsOf(world, task!.taskId)).toBe(5);
  await supervisor.end();
});
