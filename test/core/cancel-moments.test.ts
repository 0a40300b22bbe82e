// Cancellation, in every moment of a task and of a tree.
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TaskView } from "../../client/index.ts";
import {
  type Call,
  callTools,
  countIn,
  openGates,
  start,
  startTasks,
  untilTask,
} from "../support/gates.ts";
import { until, untilFeed, type World } from "../support/world.ts";

const runner = `---
name: runner
description: Runs commands.
tools: run_command
---
# runner

You run commands.
`;

/** No agent hands work to its own kind. */
const chief = `---
name: chief
description: Hands work to leads.
delegate: true
---
# chief

You hand work to leads.
`;

let world: World;
beforeAll(async () => {
  world = await openGates();
  await mkdir(join(world.workspace, ".claude/agents"), { recursive: true });
  await writeFile(join(world.workspace, ".claude/agents/runner.md"), runner);
  await writeFile(join(world.workspace, ".claude/agents/chief.md"), chief);
});
afterAll(() => world.close());

const lead = (description: string): Call => start(description, { subagent_type: "lead" });
/** Seconds that no other run of these tests sleeps. */
const marker = `600.${process.pid}`;

/** One lead, three below it, nine below those: eight in a model call, one in a command. */
async function growTree(mark: string) {
  const leads = { system: "^# lead" };
  const leaves = Array.from({ length: 3 }, (_, n) => start(`~slow ${mark} ${n}`));
  const first = [start(`${mark} command`, { subagent_type: "runner" }), ...leaves.slice(1)];
  await world.model.script(mark, [
    {
      when: { system: "^# chief", anyUser: `^${mark} top$`, assistantTurns: 0 },
      reply: { toolCalls: [0, 1, 2].map((n) => lead(`${mark} middle ${n}`)) },
    },
    {
      when: { ...leads, anyUser: `^${mark} middle 0$`, assistantTurns: 0 },
      reply: { toolCalls: first },
    },
    {
      when: { ...leads, anyUser: `^${mark} middle [12]$`, assistantTurns: 0 },
      reply: { toolCalls: leaves },
    },
    { when: { system: "^# (lead|chief)", anyUser: `^${mark} ` }, reply: { text: "Handed on." } },
    {
      when: { system: "^# runner", anyUser: `^${mark} command` },
      reply: { toolCalls: [{ name: "run_command", input: { command: `sleep ${marker}` } }] },
    },
  ]);
  const supervisor = await world.start();
  const [top = ""] = await startTasks(world, supervisor, [
    start(`${mark} top`, { subagent_type: "chief" }),
  ]);
  const tasks = await until("13 tasks, 8 of them in a call", async () => {
    const all = await supervisor.tasks();
    const calls = (await world.model.journal(`~slow ${mark}`)).filter(({ request }) =>
      JSON.stringify(request.system).includes("# researcher"),
    );
    return all.length === 13 && calls.length >= 8 && all;
  });
  const command = tasks.find(({ agent }) => agent === "runner")!.taskId;
  const { requests } = await untilTask(world, command, (view) => view.requests?.length === 1);
  await world.bosun.task(command).decide(requests![0]!.requestId, { type: "approve" });
  await until("the command", async () => (await processes()).length > 0);
  return { supervisor, top, tasks };
}

/** Processes that run the command. The list itself is none of them. */
async function processes(): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid,args"]);
  return stdout.split("\n").filter((line) => line.includes(`sleep ${marker}`));
}

test("a cancelled tree of 13 tasks on three levels is quiet: all ended, leaves first, no process", async () => {
  const { supervisor, top, tasks } = await growTree("tree");
  const asked = Date.now();
  await world.bosun.task(top).cancel("enough");
  await world.bosun.task(top).ended();
  const seen = Date.now() - asked;
  expect(await processes()).toEqual([]);
  const ends = new Map<string, TaskView>();
  for (const { taskId } of tasks) ends.set(taskId, await world.bosun.task(taskId).view());
  for (const end of ends.values()) {
    expect(end).toMatchObject({ status: "cancelled" });
    expect(end.forced).toBeUndefined();
    const parentsEnd = ends.get(end.parentId ?? "")?.endedAt ?? end.endedAt;
    expect(end.endedAt! <= parentsEnd!).toBe(true);
  }
  const last = Math.max(...[...ends.values()].map(({ endedAt }) => Date.parse(endedAt!)));
  const perLevel = [3, 2, 1].map((level) => {
    const of = [...ends.values()].filter(({ depth }) => depth === level);
    return Math.max(...of.map(({ endedAt }) => Date.parse(endedAt!))) - asked;
  });
  console.log(
    `a tree of 13 was quiet ${last - asked} ms after the cancel (levels 3, 2, 1: ${perLevel.join(", ")} ms; seen after ${seen} ms)`,
  );
  for (const { taskId, agent } of tasks.filter((task) => /chief|lead/.test(task.agent))) {
    const cost = await costOfCancel(taskId);
    expect({ agent, ...cost }).toEqual({ agent, requests: 3, awaitTasks: 0, readEnding: 3 });
  }
  await supervisor.end();
}, 120_000);

/** What an agent does to stop its own tasks: each is asked once, and its end is read once. */
async function costOfCancel(taskId: string) {
  const { events } = await world.bosun.client.workflow.getHandle(taskId).fetchHistory();
  const activities = (events ?? []).map(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name,
  );
  const count = (name: string): number => activities.filter((one) => one === name).length;
  const asks = events?.filter(
    (event) => event.requestCancelExternalWorkflowExecutionInitiatedEventAttributes,
  );
  return {
    requests: asks?.length,
    awaitTasks: count("awaitTasks"),
    readEnding: count("readEnding"),
  };
}

describe("a task that is cancelled", () => {
  test("before it has begun never works", async () => {
    const one = await openGates({ BOSUN_MAX_RUNNING: "1" });
    try {
      const supervisor = await one.start();
      const [first = "", second = ""] = await startTasks(one, supervisor, [
        start("~slow cm-a"),
        start("~quick cm-a"),
      ]);
      await untilTask(one, first, ({ status }) => status === "running");
      await one.bosun.task(second).cancel("not needed");
      expect(await one.bosun.task(second).ended()).toMatchObject({ status: "cancelled", turn: 0 });
      await supervisor.end();
    } finally {
      await one.close();
    }
  });

  test("in the turn that starts it is started and stopped, and told once", async () => {
    const supervisor = await world.start();
    await world.model.script("cm-b", [
      { when: { lastUser: "^cm-b$" }, reply: { toolCalls: [start("~slow cm-b")] } },
      {
        when: { anyUser: "^cm-b$", afterTool: "start_async_task" },
        reply: {
          toolCalls: [
            {
              name: "cancel_async_task",
              input: { task_id: "{{json:start_async_task:task_id}}", reason: "no" },
            },
          ],
        },
      },
      { when: { anyUser: "^cm-b$" }, reply: { text: "Heard." } },
    ]);
    await supervisor.send("cm-b");
    const told = await untilFeed(
      supervisor,
      ({ event }) => event.type === "task" && event.phase.status === "cancelled",
    );
    const taskId = told.event.type === "task" ? told.event.taskId : "";
    expect(await world.bosun.task(taskId).view()).toMatchObject({ status: "cancelled" });
    await until("the notice", async () => (await countIn(supervisor, "task_ended")) === 1);
    await supervisor.end();
  });

  test("while it completes ends one way only, and everybody says the same", async () => {
    const supervisor = await world.start();
    for (let round = 0; round < 3; round += 1) {
      const [id = ""] = await startTasks(world, supervisor, [start(`~gate cm-c ${round}`)]);
      const task = world.bosun.task(id);
      await untilTask(world, id, ({ waitingOn }) => waitingOn.includes("event"));
      await task.event("go");
      await new Promise((resolve) => setTimeout(resolve, round * 80));
      await task.cancel("too slow").catch(() => undefined);
      const end = await task.ended();
      expect(["completed", "cancelled"]).toContain(end.status);
      expect(end.result?.status).toBe(end.status);
      const told = await untilFeed(
        supervisor,
        ({ event }) =>
          event.type === "task" &&
          event.taskId === id &&
          ["completed", "cancelled"].includes(event.phase.status),
      );
      expect(told.event).toMatchObject({ phase: { status: end.status } });
    }
    await until("three notices", async () => (await countIn(supervisor, "task_ended")) === 3);
    await supervisor.end();
  });

  test("between two that complete leaves them alone, and each is told once", async () => {
    const supervisor = await world.start();
    const ids = await startTasks(world, supervisor, [
      start("~gate cm-d 0"),
      start("~gate cm-d 1"),
      start("~gate cm-d 2"),
    ]);
    for (const id of ids)
      await untilTask(world, id, ({ waitingOn }) => waitingOn.includes("event"));
    const [a = "", b = "", c = ""] = ids;
    await Promise.all([
      world.bosun.task(a).event("go"),
      world.bosun.task(b).cancel("this one only"),
      world.bosun.task(c).event("go"),
    ]);
    const ends = await Promise.all(ids.map((id) => world.bosun.task(id).ended()));
    expect(ends.map(({ status }) => status)).toEqual(["completed", "cancelled", "completed"]);
    await until("three notices", async () => (await countIn(supervisor, "task_ended")) === 3);
    const [list] = await callTools(world, supervisor, [{ name: "list_async_tasks", input: {} }]);
    expect(JSON.parse(list!.text)).toMatchObject({
      tasks: [{ status: "completed" }, { status: "cancelled" }, { status: "completed" }],
    });
    await supervisor.end();
  });
});

test("a note while a task finishes is either answered or reported as unseen", async () => {
  const supervisor = await world.start();
  for (let round = 0; round < 3; round += 1) {
    const mark = `finishing-${round}`;
    await world.model.script(mark, [
      {
        when: { system: "^# researcher", anyUser: `^${mark}$`, lastUser: "\\[note" },
        reply: { text: "And the note." },
      },
      {
        when: { system: "^# researcher", anyUser: `^${mark}$` },
        reply: { text: "Done.", delayMs: 200 },
      },
    ]);
    const [id = ""] = await startTasks(world, supervisor, [start(mark)]);
    const task = world.bosun.task(id);
    await new Promise((resolve) => setTimeout(resolve, round * 120));
    const note = await task.steer("one more thing").catch(() => undefined);
    const end = await task.ended();
    const seen = end.receipts.some(({ noteId }) => noteId === note?.noteId);
    const unseen = end.result?.unseen.includes(note?.noteId ?? "") ?? false;
    // Refused, answered, or named: never simply gone.
    expect(!note || seen || unseen).toBe(true);
    expect(end.result?.summary).toBe(seen ? "And the note." : "Done.");
  }
  await supervisor.end();
});
