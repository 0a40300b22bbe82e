// Approvals that meet other calls, ends and rolls.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { WorkflowHandle } from "@temporalio/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OpenRequest, SupervisorHandle, TaskHandle } from "../../client/index.ts";
import { toQueues } from "../../protocol/ids.ts";
import { memoKeys } from "../../protocol/views.ts";
import { workflowTypes } from "../../protocol/workflows.ts";
import { startCall } from "../support/lead-agent.ts";
import { exists, resultsOf } from "../support/careful-agent.ts";
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
/** A command that runs until the test lets it go, for a minute at most. */
const runUntil = (word: string): Call =>
  run(`for n in $(seq 600); do [ -e ${word} ] && exit; sleep 0.1; done`);
const letGo = (where: World, word: string) => writeFile(join(where.workspace, word), "");
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
    first = {},
    beside = [],
    rules = [],
  }: {
    readonly first?: Pick<Rule["reply"], "until">;
    readonly beside?: readonly Call[];
    readonly rules?: readonly Rule[];
  } = {},
): Promise<Begun> {
  const own = { system: "^# careful", anyUser: `${mark}-task` };
  await where.model.script(mark, [
    {
      when: { lastUser: `^go ${mark}` },
      reply: { toolCalls: [startCall(`${mark}-task`, "careful"), ...beside] },
    },
    { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
    {
      when: { ...own, lastUser: `^${mark}-task`, assistantTurns: 0 },
      reply: { toolCalls, ...first },
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

test("what is approved while another approved call runs is run after it", async () => {
  const { supervisor, task } = await begin(world, "beside-1", [runUntil("b1.go"), write("b1.txt")]);
  const asked = await untilAsked(task, 2);
  await approveFirst(task, asked);
  await task.decide(asked[1]!.requestId, { type: "approve" });
  await letGo(world, "b1.go");
  expect((await task.ended()).status).toBe("completed");
  expect((await resultsOf(task))[1]).toContain("wrote b1.txt");
  expect(await exists(world, "b1.txt")).toBe(true);
  await supervisor.end();
});

test("what is approved while another call runs waits for no third request", async () => {
  const calls = [runUntil("c.go"), write("c1.txt"), write("c2.txt")];
  const { supervisor, task } = await begin(world, "beside-2", calls);
  const asked = await untilAsked(task, 3);
  await approveFirst(task, asked);
  await task.decide(asked[1]!.requestId, { type: "approve" });
  await letGo(world, "c.go");
  await until("the first file", () => exists(world, "c1.txt"));
  await task.decide(asked[2]!.requestId, { type: "approve" });
  expect((await task.ended()).status).toBe("completed");
  await supervisor.end();
});

test("what is approved while a task is waited for begins before that task ends", async () => {
  const slow = { when: { anyUser: "^sync-1-child" }, reply: { text: "Slow.", until: "sync-1" } };
  const wait = { description: "sync-1-child", subagent_type: "researcher" };
  const calls = [{ name: "task", input: wait }, write("y1.txt")];
  const { supervisor, task } = await begin(world, "sync-1", calls, { rules: [slow] });
  const [request] = await untilAsked(task);
  await task.decide(request!.requestId, { type: "approve" });
  await until("the file", () => exists(world, "y1.txt"));
  const below = await until("the task below", async () =>
    (await supervisor.tasks()).find(({ agent }) => agent === "researcher"),
  );
  expect((await world.bosun.task(below.taskId).view()).endedAt).toBeNull();
  await world.model.release("sync-1");
  expect((await task.ended()).status).toBe("completed");
  await supervisor.end();
});

test("what is still asked can be withdrawn while what was approved waits for a slot", async () => {
  const long = { when: { anyUser: "^slot-1-long" }, reply: { text: "Long.", until: "slot-1" } };
  const calls = [write("u1.txt"), write("u2.txt")];
  const { supervisor, task } = await begin(narrow, "slot-1", calls, {
    beside: [startCall("slot-1-long", "researcher")],
    rules: [long],
  });
  const [first, second] = await untilAsked(task, 2);
  await until("the slot taken", async () =>
    (await supervisor.tasks()).some(
      ({ agent, status }) => agent === "researcher" && status === "running",
    ),
  );
  await task.decide(first!.requestId, { type: "approve" });
  await until("both waits", async () => {
    const { waitingOn } = await task.view();
    return waitingOn.join() === "slot,approval";
  });
  await task.steer("leave the second one", "now");
  await until("one wait", async () => (await task.view()).waitingOn.join() === "slot");
  await expect(task.decide(second!.requestId, { type: "approve" })).rejects.toThrow(/withdrawn/);
  await narrow.model.release("slot-1");
  expect((await task.ended()).status).toBe("completed");
  expect([await exists(narrow, "u1.txt"), await exists(narrow, "u2.txt")]).toEqual([true, false]);
  await supervisor.end();
});

test("what was decided is shown as open no more, though another call still runs", async () => {
  const calls = [runUntil("d1.go"), write("d1.txt")];
  const { supervisor, task } = await begin(world, "beside-3", calls);
  const asked = await untilAsked(task, 2);
  await approveFirst(task, asked);
  await task.decide(asked[1]!.requestId, { type: "approve" });
  const { status } = await until("nothing asked", async () => {
    const view = await task.view();
    return (view.requests ?? []).length === 0 && view;
  });
  expect(status).toBe("running");
  await letGo(world, "d1.go");
  await supervisor.end();
});

test("a call whose arguments a person changed is told as changed", async () => {
  const { supervisor, task } = await begin(world, "edited-1", [run("echo one")]);
  const [request] = await untilAsked(task);
  const decision = { type: "approve", input: { command: "echo two" } } as const;
  await task.decide(request!.requestId, decision, "ann");
  await task.ended();
  expect((await resultsOf(task))[0]).toMatch(/ann changed the arguments.*echo two/);
  await supervisor.end();
});

test("a task that is cancelled takes back what it asked before it waits for its own tasks", async () => {
  const child = { system: "^# child", anyUser: "^stop-1-child" };
  const { supervisor, task } = await begin(
    world,
    "stop-1",
    [startCall("stop-1-child", "child"), write("s1.txt")],
    { rules: [{ when: child, reply: { toolCalls: [runUntil("s1.go")] } }] },
  );
  const [request] = await untilAsked(task);
  const below = await until("a command to approve", async () => {
    const all = await world.bosun.requests();
    return all.find(
      ({ tool, supervisorId }) => tool === "run_command" && supervisorId === supervisor.id,
    );
  });
  await approveFirst(world.bosun.task(below.id), [below]);
  await task.cancel("enough");
  await expect(task.decide(request!.requestId, { type: "approve" })).rejects.toThrow(
    /asks nothing any more/,
  );
  expect((await task.ended()).status).toBe("cancelled");
  const { events } = await world.bosun.client.workflow.getHandle(task.id).fetchHistory();
  const asks = (events ?? []).map(asksIn);
  const takenBack = asks.indexOf(false, asks.lastIndexOf(true));
  const ended = events?.findIndex((event) => event.childWorkflowExecutionCanceledEventAttributes);
  expect(takenBack).toBeGreaterThan(0);
  expect(ended).toBeGreaterThan(takenBack);
  await supervisor.end();
});

type HistoryEvent = NonNullable<
  Awaited<ReturnType<WorkflowHandle["fetchHistory"]>>["events"]
>[number];

/** Whether an agent asks a person something, where an event says what it is in. */
function asksIn({ workflowPropertiesModifiedEventAttributes: shown }: HistoryEvent) {
  const data = shown?.upsertedMemo?.fields?.[memoKeys.state]?.data;
  if (!data) return undefined;
  return "requests" in (JSON.parse(Buffer.from(data).toString()) as object);
}

test("a supervisor that is cancelled leaves no request behind", async () => {
  await world.model.script("stop-2", [
    { when: { lastUser: "^go stop-2" }, reply: { toolCalls: [write("s2.txt")] } },
  ]);
  const { workspace, bosun } = world;
  const { supervisor } = await bosun.start({ workspace, agent: "careful", message: "go stop-2" });
  await until("a request", async () => (await supervisor.status()).requests?.length === 1);
  const handle = bosun.client.workflow.getHandle(supervisor.id);
  await handle.cancel();
  await until("its end", async () => (await handle.describe()).status.name === "CANCELLED");
  expect(JSON.stringify((await handle.describe()).memo)).not.toContain("q-");
});

test("a task that rolled while it asks waits for the person, not for a slot, whatever came meanwhile", async () => {
  const long = { when: { anyUser: "^note-1-long" }, reply: { text: "Long.", until: "note-1-end" } };
  const { supervisor, task } = await begin(narrow, "note-1", [write("n1.txt")], {
    first: { until: "note-1" },
    beside: [startCall("note-1-long", "researcher")],
    rules: [long],
  });
  await until("its first call", async () => (await task.look()).live);
  await task.steer("when you are ready");
  await narrow.model.release("note-1");
  await untilAsked(task);
  await until("the slot taken", async () =>
    (await supervisor.tasks()).some(
      ({ agent, status }) => agent === "researcher" && status === "running",
    ),
  );
  const { waitingOn } = await until("the note in its next run", async () => {
    const { runId } = await narrow.bosun.client.workflow.getHandle(task.id).describe();
    const view = await task.view();
    return runId !== (await firstRun(narrow, task)) && view.status === "waiting" && view;
  });
  expect(waitingOn).toEqual(["approval"]);
  await supervisor.end();
});

async function firstRun(where: World, task: TaskHandle): Promise<string | undefined> {
  const [first] =
    (await where.bosun.client.workflow.getHandle(task.id).fetchHistory()).events ?? [];
  return first?.workflowExecutionStartedEventAttributes?.firstExecutionRunId ?? undefined;
}

test("a decision that a run finds at its beginning is carried out with a slot", async () => {
  const { supervisor, task } = await begin(narrow, "found-1", [write("f1.txt")]);
  const [request] = await untilAsked(task);
  const { client } = narrow.bosun;
  const input = await until("the next run", async () => {
    const { events } = await client.workflow.getHandle(task.id).fetchHistory();
    const given = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
    const read = JSON.parse(Buffer.from(given?.data ?? []).toString()) as { snapshot?: object };
    return read.snapshot && read;
  });
  // The same run again, with the decision there before its first step.
  const copy = await client.workflow.signalWithStart(workflowTypes.subagent, {
    workflowId: `${task.id}-copy`,
    taskQueue: toQueues(narrow.installation).workflows,
    args: [input],
    signal: "decide",
    signalArgs: [{ requestId: request!.requestId, decision: { type: "approve" }, by: "ann" }],
  });
  const again = narrow.bosun.task(copy.workflowId);
  await until("its wait", async () => (await again.view()).waitingOn.includes("slot"));
  expect(await exists(narrow, "f1.txt")).toBe(false);
  await copy.signal("begin");
  expect((await again.ended()).status).toBe("completed");
  expect(await exists(narrow, "f1.txt")).toBe(true);
  await supervisor.end();
});

test("an open turn too large to carry is closed, and its task goes on with a slot", async () => {
  const tight = await openCareful({
    BOSUN_ROLL_AFTER_TURNS: "1",
    BOSUN_MAX_RUNNING: "1",
    BOSUN_MAX_TRANSCRIPT_BYTES: "20000",
  });
  try {
    await writeFile(join(tight.workspace, "big.txt"), "0123456789abcde\n".repeat(900));
    const read: Call = { name: "read_file", input: { path: "big.txt", limit: 2_000 } };
    const long = { when: { anyUser: "^large-1-long" }, reply: { text: "Long.", until: "large-1" } };
    const { supervisor, task } = await begin(
      tight,
      "large-1",
      [read, read, read, write("l1.txt")],
      { beside: [startCall("large-1-long", "researcher")], rules: [long] },
    );
    await until("its wait", async () => (await task.view()).waitingOn.includes("slot"));
    await tight.model.release("large-1");
    expect((await task.ended()).status).toBe("completed");
    expect(await exists(tight, "l1.txt")).toBe(false);
    await supervisor.end();
  } finally {
    await tight.close();
  }
});
