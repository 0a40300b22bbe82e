// A supervisor and its tasks, from first word to last.
import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test("a message is answered", async () => {
  await world.model.script("hello", [
    { when: { lastUser: "hello-1" }, reply: { text: "Hello back." } },
  ]);
  const supervisor = await world.start();
  expect(await supervisor.ask("hello-1")).toBe("Hello back.");
});

test("a long message is kept as a file, and can be read from its first byte to its last", async () => {
  await world.model.script("long-message", [
    {
      when: { lastUser: "^long-1 .*kept whole as (artifacts/\\S+\\.md)" },
      reply: {
        toolCalls: [{ name: "search_files", input: { path: "{{match:1}}", pattern: "^the end$" } }],
      },
    },
    {
      when: { anyUser: "^long-1", afterTool: "search_files" },
      reply: { text: "{{lastToolResult}}" },
    },
  ]);
  const supervisor = await world.start();
  const reply = await supervisor.ask(`long-1 ${"a line of words\n".repeat(3_000)}the end`);
  expect(reply).toMatch(/^1 matches in 1 files.*:3001: the end/s);
  const { messages } = await supervisor.transcript();
  expect(JSON.stringify(messages).length).toBeLessThan(16_000);
  await supervisor.end();
});

test("a completed task wakes its supervisor once, with its summary as data", async () => {
  await world.model.script("wake", [
    {
      when: { system: "^# supervisor", lastUser: "^wake-1" },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: "wake-1-task: read the README", subagent_type: "researcher" },
          },
        ],
      },
    },
    {
      when: { system: "^# supervisor", anyUser: "wake-1", afterTool: "start_async_task" },
      reply: { text: "Started {{json:start_async_task:task_id}}." },
    },
    {
      when: { system: "^# supervisor", anyUser: "wake-1", lastUser: "task_ended" },
      reply: { text: "It is in: {{event:task_ended:summary}}" },
    },
    {
      when: { anyUser: "wake-1-task", assistantTurns: 0 },
      reply: { toolCalls: [{ name: "read_file", input: { path: "README.md" } }] },
    },
    {
      when: { anyUser: "wake-1-task", assistantTurns: 1 },
      reply: { text: "The README has a title." },
    },
  ]);
  const supervisor = await world.start("wake-1");
  await untilReply(supervisor, "^Started researcher-[0-9a-f]{12}\\.$");
  expect(await untilReply(supervisor, "^It is in")).toBe("It is in: The README has a title.");
  const task = await until("its end in the list", async () =>
    (await supervisor.tasks()).find(({ endedAt }) => endedAt !== null),
  );
  expect(task).toMatchObject({ agent: "researcher", status: "completed", depth: 1, turn: 2 });
  const ended = await untilFeed(
    supervisor,
    ({ event }) => event.type === "task" && event.phase.status === "completed",
  );
  expect(ended.event).toMatchObject({ taskId: task.taskId });
  const requests = await world.model.journal("wake-1");
  const notices = requests.filter(({ request }) =>
    JSON.stringify(request.messages).includes("task_ended"),
  );
  expect(notices).toHaveLength(1);
});
