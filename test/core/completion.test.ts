// Every end of a task reaches its supervisor, once.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SupervisorHandle } from "../../client/index.ts";
import { untilAll } from "../support/lead-agent.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** How often each task's end stands in the transcript. */
async function noticesOf(supervisor: SupervisorHandle): Promise<Record<string, number>> {
  const { messages } = await supervisor.transcript();
  const counts: Record<string, number> = {};
  for (const block of messages.flatMap((message) => message.content)) {
    if (block.type !== "text" || !block.text.startsWith('<bosun-event type="task_ended">'))
      continue;
    const id = /"task_id":"([^"]+)"/.exec(block.text)?.[1] ?? "?";
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}

function start(mark: string, count: number) {
  return {
    when: { lastUser: `^go ${mark}` },
    reply: {
      toolCalls: Array.from({ length: count }, (_, index) => ({
        name: "start_async_task",
        input: { description: `${mark} part ${index}`, subagent_type: "researcher" },
      })),
    },
  };
}

test("ten tasks that end in the same moment are each told once", async () => {
  await world.model.script("ten", [
    start("ten", 10),
    { when: { system: "^# supervisor", anyUser: "go ten" }, reply: { text: "Heard." } },
    {
      when: { system: "^# researcher", anyUser: "ten part" },
      reply: { text: "Done.", delayMs: 300 },
    },
  ]);
  const supervisor = await world.start("go ten");
  const ids = await until("ten ended tasks", async () => {
    const tasks = await supervisor.tasks();
    return (
      tasks.length === 10 &&
      tasks.every((task) => task.status === "completed") &&
      tasks.map((task) => task.taskId)
    );
  });
  await until("all notices", async () => Object.keys(await noticesOf(supervisor)).length === 10);
  await until("an idle supervisor", async () => (await supervisor.feed()).status === "idle");
  expect(await noticesOf(supervisor)).toEqual(Object.fromEntries(ids.map((id) => [id, 1])));
  await supervisor.end();
});

test("a chat message is answered while tasks run", async () => {
  await world.model.script("chat", [
    start("chat", 3),
    {
      when: { system: "^# supervisor", anyUser: "go chat", afterTool: "start_async_task" },
      reply: { text: "Three are off." },
    },
    { when: { system: "^# supervisor", lastUser: "^how is it" }, reply: { text: "All well." } },
    {
      when: { system: "^# researcher", anyUser: "chat part" },
      reply: { text: "Late.", until: "the end" },
    },
  ]);
  const supervisor = await world.start("go chat");
  await untilReply(supervisor, "Three are off");
  expect(await supervisor.ask("how is it going?")).toBe("All well.");
  const tasks = await untilAll(supervisor, "running", ({ status }) => status === "running");
  expect(tasks).toHaveLength(3);
  await supervisor.end();
});

test("tasks beyond the slots are queued and begin by themselves", async () => {
  const small = await openWorld({ env: { BOSUN_MAX_RUNNING: "2" } });
  try {
    await small.model.script("slots", [
      start("slots", 5),
      { when: { system: "^# supervisor", anyUser: "go slots" }, reply: { text: "Heard." } },
      {
        when: { system: "^# researcher", anyUser: "slots part" },
        reply: { text: "Done.", until: "slots" },
      },
    ]);
    const supervisor = await small.start("go slots");
    await untilReply(supervisor, "Heard");
    const statuses = (await supervisor.feed()).entries.flatMap(({ event }) =>
      event.type === "task" && event.text.startsWith("slots part") ? [event.phase.status] : [],
    );
    expect(statuses).toEqual(["running", "running", "queued", "queued", "queued"]);
    await small.model.release("slots");
    await until(
      "five completed",
      async () =>
        (await supervisor.tasks()).filter((task) => task.status === "completed").length === 5,
    );
    await supervisor.end();
  } finally {
    await small.close();
  }
});

test("a terminated task is told as failed, with what it had said", async () => {
  await world.model.script("terminate", [
    start("terminate", 1),
    {
      when: { system: "^# supervisor", anyUser: "go terminate", lastUser: "task_ended" },
      reply: { text: "Gone: {{event:task_ended:reason}}, {{event:task_ended:summary}}" },
    },
    { when: { system: "^# supervisor", anyUser: "go terminate" }, reply: { text: "Started." } },
    {
      when: { system: "^# researcher", anyUser: "terminate part", assistantTurns: 0 },
      reply: { text: "Half of it.", toolCalls: [{ name: "list_files" }] },
    },
    {
      when: { system: "^# researcher", anyUser: "terminate part" },
      reply: { text: "Never.", until: "the end" },
    },
  ]);
  const supervisor = await world.start("go terminate");
  const [task] = await until("the second turn", async () => {
    const tasks = await supervisor.tasks();
    return tasks[0]?.turn === 1 && tasks;
  });
  await world.bosun.client.workflow.getHandle(task!.taskId).terminate("by hand");
  expect(await untilReply(supervisor, "^Gone")).toBe("Gone: terminated, Half of it.");
  await supervisor.end();
});

test("a task whose model call is refused fails with words that help, and the supervisor hears it", async () => {
  await world.model.script("refused", [
    start("refused", 1),
    {
      when: { system: "^# supervisor", anyUser: "go refused", lastUser: "task_ended" },
      reply: { text: "Failed: {{event:task_ended:not_done}}" },
    },
    { when: { system: "^# supervisor", anyUser: "go refused" }, reply: { text: "Started." } },
    { when: { system: "^# researcher", anyUser: "refused part" }, reply: { text: "x" } },
  ]);
  await world.model.fault({
    fault: { type: "authentication" },
    when: { anyUser: "^refused part" },
  });
  const supervisor = await world.start("go refused");
  expect(await untilReply(supervisor, "^Failed")).toMatch(/refused the key.*ANTHROPIC_API_KEY/);
  await untilAll(supervisor, "failed", ({ status }) => status === "failed");
  await supervisor.end();
});

test("ending a supervisor cancels what still runs, and waits for it", async () => {
  await world.model.script("end", [
    start("end", 2),
    { when: { system: "^# supervisor", anyUser: "go end" }, reply: { text: "Started." } },
    {
      when: { system: "^# researcher", anyUser: "end part" },
      reply: { text: "Never.", until: "the end" },
    },
  ]);
  const supervisor = await world.start("go end");
  await untilReply(supervisor, "Started");
  await supervisor.end();
  await world.bosun.client.workflow.getHandle(supervisor.id).result();
  const tasks = await until("both ended", async () => {
    const all = await supervisor.tasks();
    return all.every((task) => task.endedAt !== null) && all;
  });
  expect(tasks.map((task) => task.status)).toEqual(["cancelled", "cancelled"]);
});

test("an agent with delegate set settles only when its own tasks have ended", async () => {
  await mkdir(join(world.workspace, ".claude/agents"), { recursive: true });
  await writeFile(
    join(world.workspace, ".claude/agents/lead.md"),
    "---\nname: lead\ndescription: Leads.\ntools: Read, Task\n---\nLead.\n",
  );
  await world.model.script("nested", [
    {
      when: { lastUser: "^go nested" },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: "nested middle", subagent_type: "lead" },
          },
        ],
      },
    },
    {
      when: { system: "^# supervisor", anyUser: "go nested", lastUser: "task_ended" },
      reply: { text: "Top heard: {{event:task_ended:summary}}" },
    },
    { when: { system: "^# supervisor", anyUser: "go nested" }, reply: { text: "Started." } },
    {
      when: { system: "^# lead", assistantTurns: 0 },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: "nested leaf", subagent_type: "researcher" },
          },
        ],
      },
    },
    {
      when: { system: "^# lead", lastUser: "task_ended" },
      reply: { text: "Leaf said {{event:task_ended:summary}}" },
    },
    { when: { system: "^# lead" }, reply: { text: "I only wait." } },
    {
      when: { system: "^# researcher", anyUser: "nested leaf" },
      reply: { text: "leaf done", delayMs: 800 },
    },
  ]);
  const supervisor = await world.start("go nested");
  expect(await untilReply(supervisor, "^Top heard")).toBe("Top heard: Leaf said leaf done");
  const tasks = await untilAll(supervisor, "completed", ({ status }) => status === "completed");
  expect(tasks.map(({ agent, depth, status }) => ({ agent, depth, status }))).toEqual([
    { agent: "lead", depth: 1, status: "completed" },
    { agent: "researcher", depth: 2, status: "completed" },
  ]);
  await supervisor.end();
});
