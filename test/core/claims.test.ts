// Pieces of work, each owned by one task of a tree.
import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SupervisorHandle, TaskView } from "../../client/index.ts";
import { toSettings, parseEnvironment } from "../../protocol/environment.ts";
import { toQueues } from "../../protocol/ids.ts";
import type { SubagentInput } from "../../protocol/workflows.ts";
import { startCall } from "../support/lead-agent.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";

const leadAgent = `---
name: lead
description: Hands work on.
tools: list_files, claim
delegate: true
---
# lead

You hand work on.
`;

let world: World;
let rolling: World;
beforeAll(async () => {
  world = await openWorld({ env: { BOSUN_MAX_CLAIMS: "3" } });
  rolling = await openWorld({ env: { BOSUN_ROLL_AFTER_TURNS: "1" } });
  await mkdir(join(world.workspace, ".claude/agents"), { recursive: true });
  await writeFile(join(world.workspace, ".claude/agents/lead.md"), leadAgent);
});
afterAll(() => Promise.all([world.close(), rolling.close()]));

const claim = (key: string) => ({ name: "claim", input: { key } });

const said = { text: "{{toolResult:claim}}" };

/** A task that claims and says what it was told, at once or when a word is released. */
const claimer = (task: string, key: string, hold: { readonly until?: string } = {}) => [
  {
    when: { anyUser: `^${task}$`, assistantTurns: 0 },
    reply: { toolCalls: [claim(key)] },
  },
  { when: { anyUser: `^${task}$` }, reply: { ...said, ...hold } },
];

const ended = (supervisor: SupervisorHandle, description: string): Promise<TaskView> =>
  until(`the end of ${description}`, async () =>
    (await supervisor.tasks()).find(
      (task) => task.description === description && task.endedAt !== null,
    ),
  );

const summaryOf = async (supervisor: SupervisorHandle, description: string): Promise<string> =>
  (await ended(supervisor, description)).result?.summary ?? "";

/** Resolves when a running task owns a key, and says so itself. */
const untilOwned = (taskId: string, key: string, { bosun } = world): Promise<true> =>
  until(`${key} owned`, async () => {
    const { report } = await bosun.task(taskId).check();
    return report?.claims?.includes(key) === true;
  });

test("of two tasks that claim the same, one owns it until it ends, and the other hears who", async () => {
  await world.model.script("race", [
    {
      when: { lastUser: "^go race" },
      reply: { toolCalls: [startCall("race-a"), startCall("race-b")] },
    },
    { when: { lastUser: "^third race" }, reply: { toolCalls: [startCall("race-c")] } },
    { when: { system: "^# supervisor", anyUser: "^go race" }, reply: { text: "Heard." } },
    ...["race-a", "race-b"].flatMap((task) => claimer(task, "src/a.ts", { until: "race" })),
    ...claimer("race-c", "src/a.ts"),
  ]);
  const supervisor = await world.start("go race");
  await until("both told", async () => {
    const found = await supervisor.tasks();
    const read = await Promise.all(
      found.map(({ taskId }) => world.bosun.task(taskId).transcript()),
    );
    const told = read.filter(({ messages }) => JSON.stringify(messages).includes("tool_result"));
    return told.length === 2;
  });
  await world.model.release("race");
  const both = [await summaryOf(supervisor, "race-a"), await summaryOf(supervisor, "race-b")];
  const [owner] = both.filter((text) => text.includes('"status":"yours"'));
  const [other] = both.filter((text) => text.includes('"status":"taken"'));
  expect(owner).toContain('"key":"src/a.ts"');
  const tasks = await supervisor.tasks();
  const [ownerTask] = tasks.filter(({ result }) => result?.summary === owner);
  expect(other).toContain(
    JSON.stringify({
      task_id: ownerTask?.taskId,
      agent: "researcher",
      description: ownerTask?.description,
    }),
  );
  await supervisor.send("third race");
  expect(await summaryOf(supervisor, "race-c")).toContain('"status":"yours"');
  await supervisor.end();
});

test("what a task deep in the tree owns holds for the whole tree, and is free when it is terminated", async () => {
  await world.model.script("deep", [
    { when: { lastUser: "^go deep" }, reply: { toolCalls: [startCall("deep-lead", "lead")] } },
    { when: { lastUser: "^second deep" }, reply: { toolCalls: [startCall("deep-b")] } },
    { when: { lastUser: "^third deep" }, reply: { toolCalls: [startCall("deep-c")] } },
    { when: { system: "^# supervisor", anyUser: "^go deep" }, reply: { text: "Heard." } },
    {
      when: { system: "^# lead", anyUser: "^deep-lead$", assistantTurns: 0 },
      reply: { toolCalls: [startCall("deep-leaf")] },
    },
    { when: { system: "^# lead", anyUser: "^deep-lead$" }, reply: { text: "Led." } },
    ...claimer("deep-leaf", "deep-key", { until: "never" }),
    ...claimer("deep-b", "deep-key"),
    ...claimer("deep-c", "deep-key"),
  ]);
  const supervisor = await world.start("go deep");
  const leaf = await until("the leaf", async () =>
    (await supervisor.tasks()).find(({ description }) => description === "deep-leaf"),
  );
  await untilOwned(leaf.taskId, "deep-key");
  await supervisor.send("second deep");
  const taken = await summaryOf(supervisor, "deep-b");
  expect(taken).toContain('"status":"taken"');
  expect(taken).toContain(leaf.taskId);
  await world.bosun.client.workflow.getHandle(leaf.taskId).terminate("by hand");
  await supervisor.send("third deep");
  expect(await summaryOf(supervisor, "deep-c")).toContain('"status":"yours"');
  await supervisor.end();
});

test("keys beyond the most are refused, until an owner deep in the tree has ended", async () => {
  const keys = ["full-1", "full-2", "full-3"];
  await world.model.script("full", [
    { when: { lastUser: "^go full" }, reply: { toolCalls: [startCall("full-lead", "lead")] } },
    { when: { lastUser: "^second full" }, reply: { toolCalls: [startCall("full-b")] } },
    { when: { lastUser: "^third full" }, reply: { toolCalls: [startCall("full-c")] } },
    { when: { system: "^# supervisor", anyUser: "^go full" }, reply: { text: "Heard." } },
    {
      when: { system: "^# lead", anyUser: "^full-lead$", assistantTurns: 0 },
      reply: { toolCalls: [startCall("full-leaf")] },
    },
    { when: { system: "^# lead", anyUser: "^full-lead$" }, reply: { text: "Led." } },
    {
      when: { anyUser: "^full-leaf$", assistantTurns: 0 },
      reply: { toolCalls: keys.map(claim) },
    },
    { when: { anyUser: "^full-leaf$" }, reply: { text: "Never.", until: "never" } },
    ...claimer("full-b", "full-4"),
    ...claimer("full-c", "full-4"),
  ]);
  const supervisor = await world.start("go full");
  const leaf = await until("the leaf", async () =>
    (await supervisor.tasks()).find(({ description }) => description === "full-leaf"),
  );
  for (const key of keys) await untilOwned(leaf.taskId, key);
  await supervisor.send("second full");
  expect(await summaryOf(supervisor, "full-b")).toMatch(
    /"full-4" was not claimed: .* own 3 pieces of work, which is the most/,
  );
  await supervisor.task(leaf.taskId).cancel("enough");
  await supervisor.task(leaf.taskId).ended();
  await supervisor.send("third full");
  expect(await summaryOf(supervisor, "full-c")).toContain('"status":"yours"');
  await supervisor.end();
});

test("claims outlast every roll of owner and root, and a claim made again is known", async () => {
  await rolling.model.script("rollclaim", [
    { when: { lastUser: "^go rollclaim" }, reply: { toolCalls: [startCall("rollclaim-a")] } },
    { when: { lastUser: "^more" }, reply: { text: "More." } },
    { when: { lastUser: "^second" }, reply: { toolCalls: [startCall("rollclaim-b")] } },
    { when: { system: "^# supervisor", anyUser: "^go rollclaim" }, reply: { text: "Heard." } },
    {
      when: { anyUser: "^rollclaim-a$", assistantTurns: 0 },
      reply: { toolCalls: [claim("k")] },
    },
    {
      when: { anyUser: "^rollclaim-a$", lastUser: "once more" },
      reply: { toolCalls: [claim("k")] },
    },
    { when: { anyUser: "^rollclaim-a$", lastToolResult: "claimed it before" }, reply: said },
    {
      when: { anyUser: "^rollclaim-a$" },
      reply: { toolCalls: [{ name: "list_files" }], delayMs: 300 },
    },
    ...claimer("rollclaim-b", "k"),
  ]);
  const supervisor = await rolling.start("go rollclaim");
  await untilReply(supervisor, "Heard");
  const owner = await until("the owner", async () => (await supervisor.tasks())[0]);
  await untilOwned(owner.taskId, "k", rolling);
  await supervisor.ask("more");
  await supervisor.ask("more");
  await supervisor.send("second");
  expect(await summaryOf(supervisor, "rollclaim-b")).toContain('"status":"taken"');
  await rolling.bosun.task(owner.taskId).steer("once more");
  expect(await summaryOf(supervisor, "rollclaim-a")).toMatch(/"yours".*You had claimed it before/);
  await supervisor.end();
});

test("claims that arrive while the root rolls are all recorded, each once", async () => {
  const keys = Array.from({ length: 12 }, (_, n) => `storm-${n}`);
  await rolling.model.script("storm", [
    { when: { lastUser: "^go storm" }, reply: { toolCalls: [startCall("storm-task")] } },
    { when: { lastUser: "^talk" }, reply: { text: "Talked." } },
    { when: { system: "^# supervisor", anyUser: "^go storm" }, reply: { text: "Heard." } },
    ...[0, 1, 2].map((turn) => ({
      when: { anyUser: "^storm-task$", assistantTurns: turn },
      reply: { toolCalls: keys.map((key) => claim(turn < 2 ? `${key} ${turn}` : `${key} 0`)) },
    })),
    {
      when: { anyUser: "^storm-task$" },
      reply: { text: keys.map((_, n) => `{{toolResult:claim#${25 + n}}}`).join(" ") },
    },
  ]);
  const supervisor = await rolling.start("go storm");
  const talking = (async () => {
    for (let n = 0; n < 8; n += 1) await supervisor.ask(`talk ${n}`);
  })();
  const summary = await summaryOf(supervisor, "storm-task");
  await talking;
  expect(summary.match(/You had claimed it before/g)).toHaveLength(keys.length);
  const task = await ended(supervisor, "storm-task");
  const { messages } = await supervisor.task(task.taskId).transcript();
  const answers = JSON.stringify(messages).match(/\{\\"status\\":\\"\w+\\"/g) ?? [];
  expect(new Set(answers)).toEqual(new Set(['{\\"status\\":\\"yours\\"']));
  await supervisor.end();
});

/** A task of another root than the one that started it. */
async function startBelow(rootId: string, description: string): Promise<string> {
  const environment = parseEnvironment({ ...world.env, BOSUN_CLAIM_MS: "3000" });
  const { installation } = world;
  const input: SubagentInput = {
    description,
    agent: "researcher",
    workspace: {
      host: world.env["BOSUN_HOST"] ?? "",
      path: world.workspace,
      writable: true,
      git: false,
    },
    parentId: rootId,
    rootId,
    depth: 1,
    parentModel: "",
    begun: true,
    settings: toSettings(environment, { installation, searchAttributes: false }),
  };
  const { workflowId } = await world.bosun.client.workflow.start("subagent", {
    workflowId: `researcher-${randomUUID().slice(0, 12)}`,
    taskQueue: toQueues(installation).workflows,
    args: [input],
  });
  return workflowId;
}

test("without an answer of the root the task hears that it does not know, and later finds its claim", async () => {
  const away = await openWorld({ workers: false });
  try {
    const mark = `away-${away.installation}`;
    await world.model.script("away", [
      {
        when: { anyUser: `^${mark}$`, assistantTurns: 0 },
        reply: { toolCalls: [claim("key")] },
      },
      {
        when: { anyUser: `^${mark}$`, assistantTurns: 1, lastToolResult: "Nobody answered" },
        reply: { toolCalls: [{ name: "list_files" }], until: mark },
      },
      {
        when: { anyUser: `^${mark}$`, assistantTurns: 2 },
        reply: { toolCalls: [claim("key")] },
      },
      { when: { anyUser: `^${mark}$` }, reply: said },
    ]);
    const root = await away.start();
    const taskId = await startBelow(root.id, mark);
    await until("the refusal", async () => {
      const { messages } = await world.bosun.task(taskId).transcript();
      return JSON.stringify(messages).includes("Nobody answered within 3 s");
    });
    await away.startWorkers();
    await until("an answer of the root", () => root.feed());
    await world.model.release(mark);
    const view = await world.bosun.task(taskId).ended();
    expect(view.result?.summary).toContain('"status":"yours"');
    await root.end();
  } finally {
    await away.close();
  }
}, 60_000);

test("a root that has ended keeps no claims, and the task is told so", async () => {
  await world.model.script("gone", claimer("gone-task", "key"));
  const root = await world.start();
  await root.end();
  await until("its end", async () => (await root.status()).endedAt !== null);
  const taskId = await startBelow(root.id, "gone-task");
  const view = await world.bosun.task(taskId).ended();
  expect(view.result?.summary).toMatch(/"key" was not claimed: .* keeps the claims, has ended/);
});
