// How much history a conversation costs, and that it replays.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "@temporalio/worker";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { untilTasks } from "../support/lead-agent.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const turns = 50;

test("50 turns of 8 KB stay linear: under 1.5 bytes of history a byte of conversation, 14 events a turn", async () => {
  await world.model.script("long", [
    {
      when: { lastUser: "^go long" },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: "long-task", subagent_type: "researcher" },
          },
        ],
      },
    },
    { when: { system: "^# supervisor", anyUser: "go long" }, reply: { text: "Heard." } },
    {
      when: { system: "^# researcher", anyUser: "long-task", maxAssistantTurns: turns - 2 },
      reply: {
        text: "x",
        textBytes: 8_000,
        toolCalls: [{ name: "list_files", input: { path: "." } }],
      },
    },
    {
      when: { system: "^# researcher", anyUser: "long-task" },
      reply: { text: "Long enough.", textBytes: 8_000 },
    },
  ]);
  const supervisor = await world.start("go long");
  const [view] = await untilTasks(supervisor, 1);
  const task = supervisor.task(view!.taskId);
  expect(await task.ended()).toMatchObject({ status: "completed", turn: turns });
  const description = await world.bosun.client.workflow.getHandle(task.id).describe();
  const { messages } = await task.transcript();
  const said = JSON.stringify(messages).length;
  expect(said).toBeGreaterThan(turns * 8_000);
  expect((description.historySize ?? 0) / said).toBeLessThan(1.5);
  expect(description.historyLength / turns).toBeLessThanOrEqual(14);
  // Its first state stands in what it was started with: it writes none before its first call.
  const { events } = await world.bosun.client.workflow.getHandle(task.id).fetchHistory();
  const firstOf = (name: string): number =>
    events?.findIndex(
      (event) =>
        event.workflowPropertiesModifiedEventAttributes?.upsertedMemo?.fields?.[name] ||
        event.activityTaskScheduledEventAttributes?.activityType?.name === name,
    ) ?? -1;
  expect(firstOf("callModel")).toBeGreaterThan(0);
  expect(firstOf("state")).toBeGreaterThan(firstOf("callModel"));
  await supervisor.end();
}, 120_000);

test("the history of a whole conversation replays", async () => {
  await world.model.script("replayed", [
    {
      when: { lastUser: "^go replay" },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: "replayed-task", subagent_type: "researcher" },
          },
          { name: "task", input: { description: "replayed-task", subagent_type: "reviewer" } },
        ],
      },
    },
    { when: { system: "^# supervisor", anyUser: "go replay" }, reply: { text: "Heard." } },
    {
      when: { anyUser: "replayed-task", assistantTurns: 0 },
      reply: {
        toolCalls: [{ name: "list_files" }, { name: "read_file", input: { path: "nowhere" } }],
      },
    },
    { when: { anyUser: "replayed-task" }, reply: { text: "Done." } },
  ]);
  const supervisor = await world.start("go replay");
  await untilReply(supervisor, "Heard");
  await until(
    "both ended",
    async () => (await supervisor.tasks()).filter((task) => task.endedAt).length === 2,
  );
  await supervisor.end();
  await world.bosun.client.workflow.getHandle(supervisor.id).result();
  const query = `WorkflowId = '${supervisor.id}' OR ParentWorkflowId = '${supervisor.id}'`;
  const { workflow } = world.bosun.client;
  await until("all in the list", async () => (await workflow.count(query)).count === 3);
  const histories = workflow.list({ query }).intoHistories();
  const replayed: string[] = [];
  for await (const result of Worker.runReplayHistories(
    { workflowBundle: { code: inject("bundle") } },
    histories,
  )) {
    expect(result.error).toBeUndefined();
    replayed.push(result.workflowId);
  }
  expect(replayed).toHaveLength(3);
});

const saved = fileURLToPath(new URL("../histories/", import.meta.url));

test.each(readdirSync(saved).filter((file) => file.endsWith(".json")))(
  "the saved history %s still replays",
  async (file) => {
    const history: unknown = JSON.parse(readFileSync(`${saved}${file}`, "utf8"));
    const replay = Worker.runReplayHistory(
      { workflowBundle: { code: inject("bundle") } },
      history,
      file,
    );
    await expect(replay).resolves.toBeUndefined();
  },
);
