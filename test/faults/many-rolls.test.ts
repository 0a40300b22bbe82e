// Many rolls in a row, with work under way across each.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { SupervisorHandle } from "../../client/index.ts";
import { startCall } from "../support/lead-agent.ts";
import { openWorld, runsOf, type World } from "../support/world.ts";
import { until } from "./support/until.ts";

/** An agent starts none of its own name. */
const toLead = (name: string): string => `---
name: ${name}
description: Hands its work on.
tools: list_files
delegate: true
---
# ${name}

You hand work on.
`;

let world: World;
afterEach(() => world?.close());

/** How often each task's end stands in the transcript. */
async function noticesOf(supervisor: SupervisorHandle): Promise<ReadonlyMap<string, number>> {
  const { messages } = await supervisor.transcript();
  const counts = new Map<string, number>();
  const notices = /<bosun-event type="task_ended">\n\{"task_id":"([^"]+)"/g;
  for (const block of messages.flatMap(({ content }) => content)) {
    if (block.type !== "text") continue;
    for (const [, id = ""] of block.text.matchAll(notices))
      counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** Each message takes two turns, and each turn is the last of its run. */
const rounds = 26;

test("a supervisor of 50 rolls answers every message once and hears every end once, with tasks running across each", async () => {
  world = await openWorld({ env: { BOSUN_ROLL_AFTER_TURNS: "1" } });
  await world.model.script("fifty", [
    {
      when: { system: "^# supervisor", lastUser: "fifty-[0-9]+ please" },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: "fifty-task", subagent_type: "researcher" },
          },
        ],
      },
    },
    { when: { system: "^# supervisor", anyUser: "fifty-" }, reply: { text: "Heard." } },
    {
      when: { system: "^# researcher", anyUser: "fifty-task", assistantTurns: 0 },
      reply: { toolCalls: [{ name: "list_files" }], delayMs: 1_500 },
    },
    {
      when: { system: "^# researcher", anyUser: "fifty-task" },
      reply: { text: "Done.", delayMs: 1_500 },
    },
  ]);
  const supervisor = await world.start();
  const known: (boolean | "left")[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const id = `m-${round}`;
    expect(await supervisor.ask(`fifty-${round} please`, { id })).toBe("Heard.");
    // Sent again in a later run, it is known. One that no worker took in time is left for later.
    const again = await supervisor.send("again", { id: "m-0" });
    known.push(again.stored === "signalled" ? "left" : again.known);
  }
  expect(known).not.toContain(false);
  expect(known).toContain(true);
  const tasks = await until("all tasks ended", async () => {
    const all = await supervisor.tasks();
    return all.length === rounds && all.every((task) => task.status === "completed") && all;
  });
  const notices = await until("an idle supervisor", async () => {
    const told = await noticesOf(supervisor);
    return told.size === rounds && (await supervisor.feed()).status === "idle" && told;
  });
  expect([...notices.keys()].toSorted()).toEqual(tasks.map(({ taskId }) => taskId).toSorted());
  expect([...notices.values()].filter((count) => count !== 1)).toEqual([]);
  const { messages } = await until("the transcript", () => supervisor.transcript());
  const texts = JSON.stringify(messages);
  expect(texts).not.toContain('"again"');
  for (let round = 0; round < rounds; round += 1) {
    expect(texts.split(`"fifty-${round} please"`)).toHaveLength(2);
  }
  await until("50 rolls", async () => (await runsOf(world, supervisor.id)) > 50);
  await supervisor.end();
}, 300_000);

test("three levels of tasks, every parent rolled and one slot for tools, end without a deadlock", async () => {
  world = await openWorld({ env: { BOSUN_ROLL_AFTER_TURNS: "1", BOSUN_TOOL_SLOTS: "1" } });
  const agents = join(world.workspace, ".claude/agents");
  await mkdir(agents, { recursive: true });
  for (const name of ["lead", "deputy"]) await writeFile(join(agents, `${name}.md`), toLead(name));
  await world.model.script("levels", [
    {
      when: { lastUser: "^go levels" },
      reply: { toolCalls: [1, 2].map((part) => startCall(`levels top ${part}`, "lead")) },
    },
    {
      when: { system: "^# lead", anyUser: "levels top", assistantTurns: 0 },
      reply: { toolCalls: [1, 2].map((part) => startCall(`levels middle ${part}`, "deputy")) },
    },
    {
      when: { system: "^# deputy", anyUser: "levels middle", assistantTurns: 0 },
      reply: { toolCalls: [1, 2].map((part) => startCall(`levels leaf ${part}`, "researcher")) },
    },
    {
      when: { system: "^# researcher", anyUser: "levels leaf", maxAssistantTurns: 1 },
      reply: { toolCalls: [{ name: "list_files" }, { name: "list_files", input: { path: "." } }] },
    },
    { when: { anyUser: "levels" }, reply: { text: "Done." } },
  ]);
  const supervisor = await world.start("go levels");
  const tasks = await until("the whole tree", async () => {
    const all = await supervisor.tasks();
    return all.length === 14 && all.every((task) => task.status === "completed") && all;
  });
  const parents = tasks.filter((task) => task.agent !== "researcher");
  expect(parents).toHaveLength(6);
  for (const { taskId } of parents) {
    await until(`a roll of ${taskId}`, async () => (await runsOf(world, taskId)) > 1);
  }
  await until("both ends", async () => (await noticesOf(supervisor)).size === 2);
  await supervisor.end();
}, 120_000);
