// What Bosun promises of tasks where others fail.
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NativeConnection, Worker } from "@temporalio/worker";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { SupervisorHandle, TaskHandle } from "../../client/index.ts";
import { toQueues } from "../../protocol/ids.ts";
import { limitDefaults } from "../../protocol/settings.ts";
import { type Execution, toTaskView } from "../../protocol/task-view.ts";
import { delegationTools } from "../../protocol/tools/tools.ts";
import { noUsage } from "../../protocol/turn.ts";
import { checkBytes } from "../../protocol/views.ts";
import { phaseNow, toCheckAnswer } from "../../workflows/tasks/check-answer.ts";
import { refusalAtDepth } from "../../workflows/tasks/delegation.ts";
import { toEnvelope } from "../../workflows/agent/envelope.ts";
import type { BoardTask } from "../../workflows/tasks/board.ts";
import { addCarefulAgent } from "../support/careful-agent.ts";
import { callTool } from "../support/call-tool.ts";
import { fakeAgent } from "../support/fake-agent.ts";
import { addLeadAgent, startCall } from "../support/lead-agent.ts";
import type { Rule } from "../support/scripted-model.ts";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await addCarefulAgent(world.workspace);
  await addLeadAgent(world.workspace);
});
afterAll(() => world.close());

interface Begun {
  readonly supervisor: SupervisorHandle;
  readonly task: TaskHandle;
}

/** A supervisor with one task for each description, whose rules come first. */
async function begin(
  mark: string,
  agent: string,
  rules: readonly Rule[],
  where = world,
): Promise<Begun> {
  await where.model.script(mark, [
    ...rules,
    {
      when: { lastUser: `^go ${mark}` },
      reply: { toolCalls: [startCall(`${mark}-task`, agent)] },
    },
    {
      when: { system: "^# supervisor", anyUser: `^go ${mark}`, lastUser: "task_ended" },
      reply: { text: "Over: {{event:task_ended:status}}" },
    },
    {
      when: { system: "^# supervisor", anyUser: `^go ${mark}`, afterTool: "start_async_task" },
      reply: { text: "Heard." },
    },
  ]);
  const supervisor = await where.start(`go ${mark}`);
  await untilReply(supervisor, "Heard");
  const [view] = await until("the task", async () => {
    const all = await supervisor.tasks();
    return all.length > 0 && all;
  });
  return { supervisor, task: supervisor.task(view!.taskId) };
}

/** A task's turn that does not end. */
const endless = (mark: string, agent: string): Rule => ({
  when: { system: `^# ${agent}`, anyUser: `${mark}-task` },
  reply: { text: "Never.", until: "never" },
});

const untilCalled = (where: World, mark: string) =>
  until("the model call", async () => (await where.model.journal(`${mark}-task`)).length > 0);

type Answer = Readonly<Record<string, unknown>>;

async function answerOf(
  supervisor: SupervisorHandle,
  name: string,
  input: object,
  where = world,
): Promise<Answer> {
  const { text } = await callTool(where, supervisor, name, input);
  return JSON.parse(text) as Answer;
}

async function listed(
  supervisor: SupervisorHandle,
  filter = "all",
  where = world,
): Promise<readonly Answer[]> {
  const input = { status_filter: filter };
  const { tasks } = await answerOf(supervisor, "list_async_tasks", input, where);
  return tasks as readonly Answer[];
}

test("a resent start returns the same task", async () => {
  const moving = await openWorld();
  try {
    const { supervisor, task } = await begin(
      "pr-a",
      "researcher",
      [endless("pr-a", "researcher")],
      moving,
    );
    // The next worker knows nothing and takes every step of the supervisor once more.
    await moving.stopWorkers();
    await moving.startWorkers();
    const again = await listed(supervisor, "all", moving);
    expect(again.map(({ task_id }) => task_id)).toEqual([task.id]);
    expect((await supervisor.tasks()).map(({ taskId }) => taskId)).toEqual([task.id]);
    const { events } = await moving.bosun.client.workflow.getHandle(supervisor.id).fetchHistory();
    const starts = (events ?? []).flatMap(
      ({ startChildWorkflowExecutionInitiatedEventAttributes: start }) => start?.workflowId ?? [],
    );
    expect(starts).toEqual([task.id]);
    await supervisor.end();
  } finally {
    await moving.close();
  }
}, 60_000);

test("a task is queued until its first step may begin, wherever one looks", async () => {
  const narrow = await openWorld({ env: { BOSUN_MAX_RUNNING: "1" } });
  try {
    await narrow.model.script("pr-b2", [
      {
        when: { system: "^# researcher", anyUser: "^pr-b second" },
        reply: { text: "Second.", until: "never" },
      },
    ]);
    const { supervisor, task } = await begin(
      "pr-b",
      "researcher",
      [endless("pr-b", "researcher")],
      narrow,
    );
    const start = startCall("pr-b second", "researcher");
    const second = await answerOf(supervisor, start.name, start.input, narrow);
    const input = { task_id: second["task_id"] };
    expect(second).toMatchObject({ status: "queued" });
    expect(await answerOf(supervisor, "check_async_task", input, narrow)).toMatchObject({
      status: "queued",
      turn: 0,
    });
    expect(await listed(supervisor, "queued", narrow)).toMatchObject([input]);
    const waiting = supervisor.task(String(second["task_id"]));
    expect(await waiting.view()).toMatchObject({ status: "queued" });
    await task.cancel("enough");
    await until("the second to run", async () => (await waiting.view()).status === "running");
    await supervisor.end();
  } finally {
    await narrow.close();
  }
});

test("the description stays what it was when a task is steered, and the newest note has a field of its own", async () => {
  const { supervisor, task } = await begin("pr-c", "researcher", [endless("pr-c", "researcher")]);
  await untilCalled(world, "pr-c");
  const note = { task_id: task.id, message: "only Markdown", when: "now" };
  const { note_id: noteId } = await answerOf(supervisor, "update_async_task", note);
  await until("the receipt", async () => (await task.view()).receipts.length === 1);
  const instruction = { noteId, from: "supervisor", text: "only Markdown" };
  const description = "pr-c-task";
  expect(await answerOf(supervisor, "check_async_task", { task_id: task.id })).toMatchObject({
    description,
    latest_instruction: instruction,
  });
  expect(await listed(supervisor)).toMatchObject([{ description }]);
  expect(await task.view()).toMatchObject({ description, instruction });
  await supervisor.end();
  expect(await task.ended()).toMatchObject({
    description,
    instruction,
    result: { asked: description },
  });
});

test("a cancelled task stays cancelled, whatever is asked of it afterwards", async () => {
  const { supervisor, task } = await begin("pr-d", "researcher", [endless("pr-d", "researcher")]);
  const input = { task_id: task.id };
  await callTool(world, supervisor, "cancel_async_task", input);
  await untilReply(supervisor, "^Over: cancelled");
  const cancelled = { ...input, status: "cancelled" };
  for (const detail of ["status", "full"]) {
    expect(await answerOf(supervisor, "check_async_task", { ...input, detail })).toMatchObject(
      cancelled,
    );
  }
  const again = await callTool(world, supervisor, "cancel_async_task", input);
  const more = await callTool(world, supervisor, "update_async_task", {
    ...input,
    message: "more",
  });
  for (const { text, isError } of [again, more]) {
    expect(isError).toBe(true);
    expect(text).toMatch(/already ended as cancelled/);
  }
  expect(await listed(supervisor, "cancelled")).toMatchObject([cancelled]);
  expect(await task.view()).toMatchObject({ status: "cancelled", result: { status: "cancelled" } });
  await supervisor.end();
});

test("a note to a task that was asked to stop is refused, for it reads none any more", async () => {
  const { supervisor, task } = await begin("pr-p", "researcher", [
    endless("pr-p", "researcher"),
    {
      when: { lastUser: "^stop pr-p" },
      reply: {
        toolCalls: [
          { name: "cancel_async_task", input: { task_id: "{{json:start_async_task:task_id}}" } },
          {
            name: "update_async_task",
            input: { task_id: "{{json:start_async_task:task_id}}", message: "rather go on" },
          },
        ],
      },
    },
    {
      when: { system: "^# supervisor", anyUser: "^stop pr-p", afterTool: "update_async_task" },
      reply: { text: "{{toolResult:update_async_task}}" },
    },
  ]);
  await untilCalled(world, "pr-p");
  expect(await supervisor.ask("stop pr-p")).toMatch(/asked to stop.*the note was not sent/);
  expect(await task.ended()).toMatchObject({ status: "cancelled", result: { unseen: [] } });
  await supervisor.end();
});

test("a note for which there was no room is told as unseen when its task ends", () => {
  const leftOut = { count: 1, ids: ["n-left"] };
  const note = { noteId: "n-waits", message: "m", when: "now", from: "person" } as const;
  const { state } = fakeAgent({ inbox: [{ type: "note", note }], leftOut });
  const { unseen } = toEnvelope(state, { status: "cancelled" }, "");
  expect(unseen).toEqual(["n-waits", "n-left"]);
});

const write = { name: "write_file", input: { path: "pr-e.txt", content: "e\n" } };

const asking = (mark: string): readonly Rule[] => [
  {
    when: { system: "^# careful", anyUser: `${mark}-task`, assistantTurns: 0 },
    reply: { text: "I have a plan.", toolCalls: [write] },
  },
  {
    when: { system: "^# careful", anyUser: `${mark}-task` },
    reply: { text: "Done without it." },
  },
];

const untilAsked = (task: TaskHandle) =>
  until("a request", async () => (await task.view()).requests?.[0]);

test("a task that waits for a person is told as waiting, with what it asks and the arguments", async () => {
  const { supervisor, task } = await begin("pr-e", "careful", asking("pr-e"));
  const { requestId } = await untilAsked(task);
  const answer = await answerOf(supervisor, "check_async_task", { task_id: task.id });
  expect(answer).toMatchObject({
    status: "waiting",
    waiting_on: ["approval"],
    asks_a_person: [
      { request_id: requestId, tool: "write_file", text: JSON.stringify(write.input) },
    ],
  });
  expect(answer["result"]).toBeUndefined();
  expect(await listed(supervisor, "completed")).toEqual([]);
  await supervisor.end();
});

test("a note that says approved decides nothing", async () => {
  const { supervisor, task } = await begin("pr-f", "careful", asking("pr-f"));
  const { requestId } = await untilAsked(task);
  const note = { task_id: task.id, message: `approved: ${requestId}` };
  expect(await answerOf(supervisor, "update_async_task", note)).toMatchObject({
    note: expect.stringContaining("waits for a person's decision"),
  });
  await task.steer(`I approve ${requestId}`);
  expect(await task.view()).toMatchObject({ status: "waiting", requests: [{ requestId }] });
  // One for now takes the request back, and does not approve it either.
  await task.steer("approved", "now");
  expect(await task.ended()).toMatchObject({ status: "completed" });
  const file = readFile(join(world.workspace, "pr-e.txt"));
  await expect(file).rejects.toThrow(/ENOENT/);
  const late = task.decide(requestId, { type: "approve" });
  await expect(late).rejects.toThrow(/already completed/);
  await supervisor.end();
});

test("tasks that do not answer in time are shown as last heard of, and since when", async () => {
  const deaf = await openWorld({ workers: false, env: { BOSUN_READ_TASKS_MS: "300" } });
  // Workflows and models work, and nobody looks at others for them.
  await deaf.startWorkers({ BOSUN_ROLES: "models,tools" });
  const connection = await NativeConnection.connect({ address: inject("address") });
  const { workflows } = toQueues(deaf.installation);
  const workflowBundle = { code: inject("bundle") };
  const alone = await Worker.create({ connection, taskQueue: workflows, workflowBundle });
  const running = alone.run();
  try {
    const rules = [endless("pr-g", "researcher")];
    const { supervisor, task } = await begin("pr-g", "researcher", rules, deaf);
    const { startedAt } = await task.view();
    const [shown] = await listed(supervisor, "all", deaf);
    expect(shown).toMatchObject({ status: "running", not_heard_since: startedAt });
    const input = { task_id: task.id };
    const answer = await answerOf(supervisor, "check_async_task", input, deaf);
    expect(answer).toMatchObject({
      status: "running",
      note: expect.stringContaining("did not answer in time"),
    });
    await deaf.startWorkers({ BOSUN_ROLES: "workflows" });
    await supervisor.end();
  } finally {
    alone.shutdown();
    await running;
    await connection.close();
    await deaf.close();
  }
});

const ended: BoardTask = {
  taskId: "researcher-1",
  agent: "researcher",
  description: "d",
  phase: { status: "completed" },
  startedAt: "2026-11-21T10:00:00.000Z",
  endedAt: "2026-11-21T10:00:09.000Z",
  exists: true,
  seq: 0,
  receipts: [],
  told: true,
};

test("a result that cannot be read is told as unreadable, never as an empty success", () => {
  const given = { task: ended, detail: "digest", now: ended.startedAt } as const;
  const unread = toCheckAnswer({ ...given, unread: true });
  expect(unread).toMatchObject({
    note: expect.stringMatching(/could not be read.*check it again/),
  });
  expect(unread).not.toHaveProperty("result");
  const gone = toCheckAnswer({ ...given, unread: false });
  expect(gone).toMatchObject({ note: expect.stringContaining("no longer kept") });
  expect(gone).not.toHaveProperty("result");
});

test("what a task says of itself is newer than the board, and an end on the board is final", () => {
  const execution = { workflowId: ended.taskId, type: "subagent", status: { name: "RUNNING" } };
  const state = { phase: { status: "waiting", waitingOn: ["approval"] }, turn: 1, usage: noUsage };
  const memo = { state: { ...state, receipts: [], updatedAt: ended.startedAt } };
  const startTime = new Date(ended.startedAt);
  const view = toTaskView({ ...execution, startTime, memo } as Execution, startTime);
  const open: BoardTask = { ...ended, phase: { status: "running" } };
  expect(phaseNow(open, view)).toEqual({ status: "waiting", waitingOn: ["approval"] });
  expect(phaseNow(open, undefined)).toEqual({ status: "running" });
  expect(phaseNow(ended, view)).toEqual({ status: "completed" });
  // Who stopped it is known once its end is heard.
  const stopped = { ...execution, status: { name: "TERMINATED" }, startTime, memo } as Execution;
  expect(phaseNow(open, toTaskView(stopped, startTime))).toEqual({ status: "running" });
});

test("an error keeps its kind, words and number of attempts", async () => {
  for (const [type, times] of [
    ["overloaded", 1],
    ["authentication", 9],
  ] as const) {
    await world.model.fault({ fault: { type }, times, when: { anyUser: "^pr-h-task" } });
  }
  const { supervisor, task } = await begin("pr-h", "researcher", [endless("pr-h", "researcher")]);
  await untilReply(supervisor, "^Over: failed");
  await world.model.clearFaults();
  const answer = await answerOf(supervisor, "check_async_task", { task_id: task.id });
  expect(answer).toMatchObject({
    status: "failed",
    reason: "error",
    result: {
      not_done: expect.stringContaining("ANTHROPIC_API_KEY"),
      error: { type: "authentication_error", attempts: 2, retryable: false },
    },
  });
  await supervisor.end();
});

test("a task whose agent file is gone can still be checked, steered, listed and cancelled", async () => {
  const file = join(world.workspace, ".claude/agents/passing.md");
  await writeFile(
    file,
    "---\nname: passing\ndescription: Is soon gone.\ntools: Read\n---\nPass.\n",
  );
  const { supervisor, task } = await begin("pr-i", "passing", [endless("pr-i", "passing")]);
  await untilCalled(world, "pr-i");
  await rm(file);
  const input = { task_id: task.id };
  const known = { ...input, agent: "passing", status: "running" };
  expect(await answerOf(supervisor, "check_async_task", input)).toMatchObject(known);
  expect(await listed(supervisor)).toMatchObject([known]);
  const note = { ...input, message: "still there?", when: "now" };
  expect(await answerOf(supervisor, "update_async_task", note)).toMatchObject({ status: "sent" });
  await until("the receipt", async () => (await task.view()).receipts.length === 1);
  await callTool(world, supervisor, "cancel_async_task", input);
  await untilReply(supervisor, "^Over: cancelled");
  expect(await answerOf(supervisor, "check_async_task", input)).toMatchObject({
    status: "cancelled",
  });
  await supervisor.end();
});

test("every way to end is told once", async () => {
  const parts = ["completes", "fails", "is cancelled", "is terminated"];
  await world.model.script("pr-j", [
    {
      when: { lastUser: "^go pr-j" },
      reply: { toolCalls: parts.map((part) => startCall(`pr-j-task ${part}`, "researcher")) },
    },
    { when: { system: "^# supervisor", anyUser: "^go pr-j" }, reply: { text: "Heard." } },
    {
      when: { system: "^# researcher", anyUser: "^pr-j-task completes" },
      reply: { text: "Done." },
    },
    {
      when: { system: "^# researcher", anyUser: "^pr-j-task fails" },
      reply: { text: "No.", stopReason: "refusal" },
    },
    endless("pr-j", "researcher"),
  ]);
  const supervisor = await world.start("go pr-j");
  const tasks = await until("four tasks", async () => {
    const all = await supervisor.tasks();
    return all.length === parts.length && all;
  });
  const idOf = (part: string) =>
    tasks.find(({ description }) => description.endsWith(part))!.taskId;
  await supervisor.task(idOf("is cancelled")).cancel("enough");
  await world.bosun.client.workflow.getHandle(idOf("is terminated")).terminate("by hand");
  for (const { taskId } of tasks) await supervisor.task(taskId).ended();
  const told = await until("four notices", async () => {
    const { messages } = await supervisor.transcript();
    const notices = messages
      .flatMap(({ content }) => content)
      .flatMap((block) =>
        block.type === "text"
          ? [...block.text.matchAll(/"task_id":"([^"]+)","agent":"researcher","status":"(\w+)"/g)]
          : [],
      );
    return notices.length >= parts.length && notices.map(([, id, status]) => [id, status]);
  });
  await until("an idle supervisor", async () => (await supervisor.feed()).status === "idle");
  expect(Object.fromEntries(told)).toEqual({
    [idOf("completes")]: "completed",
    [idOf("fails")]: "failed",
    [idOf("is cancelled")]: "cancelled",
    [idOf("is terminated")]: "failed",
  });
  expect(told).toHaveLength(parts.length);
  await supervisor.end();
});

/** A task whose own task ends when the mark is released. */
const leading = (mark: string): readonly Rule[] => [
  {
    when: { system: "^# lead", anyUser: `${mark}-task`, assistantTurns: 0 },
    reply: { toolCalls: [startCall(`${mark}-leaf`, "researcher")] },
  },
  { when: { system: "^# lead", anyUser: `${mark}-task` }, reply: { text: "I am done." } },
  {
    when: { system: "^# researcher", anyUser: `${mark}-leaf` },
    reply: { text: "Leaf done.", until: mark },
  },
];

const untilTwo = (supervisor: SupervisorHandle) =>
  until("a task of the task", async () => {
    const all = await supervisor.tasks();
    return all.length === 2 && all[0]?.status === "waiting" && all;
  });

test("no parent hears completed while a grandchild runs", async () => {
  const { supervisor, task } = await begin("pr-k", "lead", leading("pr-k"));
  const [middle, leaf] = await untilTwo(supervisor);
  expect(middle).toMatchObject({ taskId: task.id, waitingOn: ["tasks"], endedAt: null });
  const answer = await answerOf(supervisor, "check_async_task", { task_id: task.id });
  expect(answer).toMatchObject({
    status: "waiting",
    waiting_on: ["tasks"],
    last_text: "I am done.",
  });
  const { endedAt } = await supervisor.task(leaf!.taskId).view();
  expect(endedAt).toBe(null);
  await world.model.release("pr-k");
  const heard = await untilFeed(
    supervisor,
    ({ event }) => event.type === "task" && event.phase.status === "completed",
  );
  const over = await supervisor.task(leaf!.taskId).view();
  expect(over).toMatchObject({ status: "completed" });
  expect(Date.parse(heard.at)).toBeGreaterThanOrEqual(Date.parse(over.endedAt!));
  await supervisor.end();
});

test("a cancelled task has ended only when all below it have", async () => {
  const { supervisor, task } = await begin("pr-l", "lead", leading("pr-l"));
  const [, leaf] = await untilTwo(supervisor);
  await callTool(world, supervisor, "cancel_async_task", { task_id: task.id });
  await untilReply(supervisor, "^Over: cancelled");
  const [top, below] = await Promise.all([task.view(), supervisor.task(leaf!.taskId).view()]);
  expect([top.status, below.status]).toEqual(["cancelled", "cancelled"]);
  expect(Date.parse(below.endedAt!)).toBeLessThanOrEqual(Date.parse(top.endedAt!));
  await supervisor.end();
});

test("an agent at the last level that asks for a task is told which limit it has met, and what to do", () => {
  const { maxDepth } = limitDefaults;
  const last = { ...fakeAgent(), depth: maxDepth };
  const words = /3 levels deep \(the limit maxDepth\).*Do the work yourself/;
  for (const tool of delegationTools) expect(refusalAtDepth(last, tool)).toMatch(words);
  expect(refusalAtDepth(last, "nothing_of_the_kind")).toBeUndefined();
  const above = { ...fakeAgent(), depth: maxDepth - 1 };
  expect(refusalAtDepth(above, "start_async_task")).toBeUndefined();
});

test("a check of a task at work tells time, tools, usage and the answer that is being written", async () => {
  await world.model.fault({
    fault: { type: "slow", paceMs: 2_000 },
    when: { anyUser: "^pr-n-task", assistantTurns: 1 },
    times: 3,
  });
  const { supervisor, task } = await begin("pr-n", "researcher", [
    {
      when: { system: "^# researcher", anyUser: "pr-n-task", assistantTurns: 0 },
      reply: { text: "First a look.", toolCalls: [{ name: "list_files" }] },
    },
    {
      when: { system: "^# researcher", anyUser: "pr-n-task" },
      reply: { text: "Word by word it comes. ".repeat(40) },
    },
  ]);
  const input = { task_id: task.id };
  const seen = await until("words of an answer", async () => {
    const answer = await answerOf(supervisor, "check_async_task", input);
    const under = answer["answer_under_way"] as Answer | undefined;
    return answer["turn"] === 1 && under?.["newest_words"] !== undefined && answer;
  });
  await world.model.clearFaults();
  expect(seen).toMatchObject({
    status: "running",
    elapsed_seconds: expect.any(Number),
    usage: { calls: 1 },
    last_tool: { label: "list_files .", failed: false },
    last_text: "First a look.",
    answer_under_way: { phase: "streaming", newest_words: expect.stringContaining("Word by word") },
  });
  expect((await task.check("digest")).live).toMatchObject({ phase: "streaming" });
  await supervisor.end();
}, 60_000);

test("a check of a task that has lived long keeps to its bytes at every level of detail", async () => {
  const turns = 30;
  const { supervisor, task } = await begin("pr-o", "researcher", [
    {
      when: { system: "^# researcher", anyUser: "pr-o-task", maxAssistantTurns: turns - 1 },
      reply: {
        text: '"Quoted" '.repeat(300),
        toolCalls: [{ name: "list_files" }, { name: "search_files", input: { pattern: "line" } }],
      },
    },
    endless("pr-o", "researcher"),
  ]);
  for (let index = 0; index < 30; index += 1) await task.steer(`note ${index}: ${"n".repeat(500)}`);
  await until("its last turn", async () => (await task.view()).turn === turns);
  const sizes: number[] = [];
  for (const detail of ["status", "digest", "turns", "full"] as const) {
    const { text } = await callTool(world, supervisor, "check_async_task", {
      task_id: task.id,
      detail,
    });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(checkBytes[detail]);
    const { report, view } = await task.check(detail);
    expect(Buffer.byteLength(JSON.stringify(report ?? view))).toBeLessThanOrEqual(
      checkBytes[detail],
    );
    sizes.push(Buffer.byteLength(text));
  }
  expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  console.log(`a check after ${turns} turns has ${sizes.join(", ")} bytes`);
  await supervisor.end();
}, 120_000);
