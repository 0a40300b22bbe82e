// Approvals that meet other calls, ends and rolls.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OpenRequest, SupervisorHandle, TaskHandle } from "../../client/index.ts";
import { toQueues } from "../../protocol/ids.ts";
import { workflowTypes } from "../../protocol/workflows.ts";
import type { Rule } from "../support/scripted-model.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";

const careful = `---
name: careful
description: Writes only what a person approved.
tools: read_file, write_file, run_command
delegate: true
approve: write_file
---
# careful

You write files.
`;

interface Call {
  readonly name: string;
  readonly input: object;
}

const write = (path: string): Call => ({
  name: "write_file",
  input: { path, content: `${path}\n` },
});
const run = (command: string): Call => ({ name: "run_command", input: { command } });
const start = (description: string, agent: string): Call => ({
  name: "start_async_task",
  input: { description, subagent_type: agent },
});

let world: World;
let narrow: World;
beforeAll(async () => {
  world = await openCareful({});
  narrow = await openCareful({ BOSUN_ROLL_AFTER_TURNS: "1", BOSUN_MAX_RUNNING: "1" });
});
afterAll(() => Promise.all([world.close(), narrow.close()]));

async function openCareful(env: Readonly<Record<string, string>>): Promise<World> {
  const opened = await openWorld({ env });
  const agents = join(opened.workspace, ".claude/agents");
  await mkdir(agents, { recursive: true });
  await writeFile(join(agents, "careful.md"), careful);
  const child = careful.replaceAll("careful", "child").replace("delegate: true\n", "");
  await writeFile(join(agents, "child.md"), child);
  return opened;
}

interface Begun {
  readonly supervisor: SupervisorHandle;
  readonly task: TaskHandle;
}

/** A supervisor with one careful task, which makes these calls in its first answer, and others beside it. */
async function begin(
  where: World,
  mark: string,
  toolCalls: readonly Call[],
  {
    delayMs = 0,
    beside = [],
    rules = [],
  }: {
    readonly delayMs?: number;
    readonly beside?: readonly Call[];
    readonly rules?: readonly Rule[];
  } = {},
): Promise<Begun> {
  const own = { system: "^# careful", anyUser: `${mark}-task` };
  await where.model.script(mark, [
    {
      when: { lastUser: `^go ${mark}` },
      reply: { toolCalls: [start(`${mark}-task`, "careful"), ...beside] },
    },
    { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
    {
      when: { ...own, lastUser: `^${mark}-task`, assistantTurns: 0 },
      reply: { toolCalls, delayMs },
    },
    { when: own, reply: { text: "Done." } },
    ...rules,
  ]);
  const supervisor = await where.start(`go ${mark}`);
  await untilReply(supervisor, "Heard");
  const task = await until("the task", async () => {
    const view = (await supervisor.tasks()).find(({ agent }) => agent === "careful");
    return view && where.bosun.task(view.taskId);
  });
  return { supervisor, task };
}

async function untilAsked(task: TaskHandle, count = 1): Promise<readonly OpenRequest[]> {
  return await until(`${count} requests`, async () => {
    const { requests = [] } = await task.view();
    return requests.length === count && requests;
  });
}

/** Approves the first of the requests, a command, and waits until it runs. */
async function approveFirst(task: TaskHandle, [first]: readonly OpenRequest[]): Promise<void> {
  await task.decide(first!.requestId, { type: "approve" });
  await until("a command under way", async () => (await task.view()).status === "running");
}

async function resultsOf(task: TaskHandle): Promise<readonly string[]> {
  const { messages } = await task.transcript();
  const answered = messages.find(({ content }) => content[0]?.type === "tool_result");
  return (answered?.content ?? []).flatMap((block) =>
    block.type === "tool_result" ? [JSON.stringify(block.content)] : [],
  );
}

async function exists(where: World, path: string): Promise<boolean> {
  return await readFile(join(where.workspace, path)).then(
    () => true,
    () => false,
  );
}

test("what is approved while another approved call runs is run after it", async () => {
  const { supervisor, task } = await begin(world, "beside-1", [run("sleep 3"), write("b1.txt")]);
  const asked = await untilAsked(task, 2);
  await approveFirst(task, asked);
  await task.decide(asked[1]!.requestId, { type: "approve" });
  expect((await task.ended()).status).toBe("completed");
  expect((await resultsOf(task))[1]).toContain("wrote b1.txt");
  expect(await exists(world, "b1.txt")).toBe(true);
  await supervisor.end();
});

test("what is approved while another call runs waits for no third request", async () => {
  const calls = [run("sleep 3"), write("c1.txt"), write("c2.txt")];
  const { supervisor, task } = await begin(world, "beside-2", calls);
  const asked = await untilAsked(task, 3);
  await approveFirst(task, asked);
  await task.decide(asked[1]!.requestId, { type: "approve" });
  await until("the first file", () => exists(world, "c1.txt"));
  await task.decide(asked[2]!.requestId, { type: "approve" });
  expect((await task.ended()).status).toBe("completed");
  await supervisor.end();
});

test("what was decided is shown as open no more, though another call still runs", async () => {
  const calls = [run("sleep 5"), write("d1.txt")];
  const { supervisor, task } = await begin(world, "beside-3", calls);
  const asked = await untilAsked(task, 2);
  await approveFirst(task, asked);
  await task.decide(asked[1]!.requestId, { type: "approve" });
  const { requests = [], status } = await task.view();
  expect({ requests, status }).toEqual({ requests: [], status: "running" });
  await supervisor.end();
});

