// Work that a person holds and lets go on.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { Worker } from "@temporalio/worker";
import type { SupervisorHandle, TaskView } from "../../client/index.ts";
import { pauseSignal } from "../../protocol/messages.ts";
import { addCarefulAgent } from "../support/careful-agent.ts";
import {
  addLeadAgent,
  delegating,
  startCall,
  untilAll,
  untilTasks,
} from "../support/lead-agent.ts";
import type { Rule } from "../support/scripted-model.ts";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";

const isPaused = ({ status, waitingOn }: { status: string; waitingOn: readonly string[] }) =>
  status === "waiting" && waitingOn.includes("paused");

/** Reads once, as soon as `mark` is released, then is done. */
const twoTurns = (mark: string): readonly Rule[] => [
  {
    when: { system: "^# researcher", anyUser: `${mark}-task`, assistantTurns: 0 },
    reply: { toolCalls: [{ name: "list_files" }], until: mark },
  },
  { when: { system: "^# researcher", anyUser: `${mark}-task` }, reply: { text: "Done." } },
];

const callsOf = async (world: World, mark: string, agent = "researcher"): Promise<number> =>
  (await world.model.journal(mark)).filter(({ request }) =>
    JSON.stringify(request.system).includes(`# ${agent}`),
  ).length;

const isMarked = ({ pausedAt }: TaskView): boolean => pausedAt !== undefined;

/** Pauses during calls that wait for `mark`: they end when all have heard of it. */
async function pauseDuringCalls(
  world: World,
  supervisor: SupervisorHandle,
  mark: string,
): Promise<void> {
  await supervisor.pause();
  await untilAll(supervisor, "marked", isMarked);
  await world.model.release(mark);
}

/** How often a workflow was told to pause or to go on. */
async function switchesOf(world: World, workflowId: string): Promise<number> {
  const { events } = await world.bosun.client.workflow.getHandle(workflowId).fetchHistory();
  const names = events?.map((one) => one.workflowExecutionSignaledEventAttributes?.signalName);
  return names?.filter((name) => name === "pause" || name === "resume").length ?? 0;
}

/** A task that asks to write a file, and its request. */
async function ask(world: World, mark: string) {
  const write = { name: "write_file", input: { path: `${mark}.md`, content: "x" } };
  await world.model.script(mark, [
    {
      when: { system: "^# careful", anyUser: `${mark}-task`, assistantTurns: 0 },
      reply: { toolCalls: [write] },
    },
    { when: { system: "^# careful", anyUser: `${mark}-task` }, reply: { text: "Done." } },
    ...delegating(mark, startCall(`${mark}-task`, "careful")),
  ]);
  const supervisor = await world.start(`go ${mark}`);
  const [view] = await untilTasks(supervisor, 1);
  const task = supervisor.task(view!.taskId);
  const [request] = await until("a request", async () => (await task.view()).requests);
  return { supervisor, task, requestId: request!.requestId };
}
const isWritten = ({ workspace }: World, mark: string): boolean =>
  existsSync(join(workspace, `${mark}.md`));

describe("one after the other", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
    await addLeadAgent(world.workspace);
    await addCarefulAgent(world.workspace);
  });
  afterAll(() => world.close());

  async function startOne(mark: string, rules: readonly Rule[], agent = "researcher") {
    await world.model.script(mark, [
      ...rules,
      ...delegating(mark, startCall(`${mark}-task`, agent)),
    ]);
    const supervisor = await world.start(`go ${mark}`);
    const [view] = await untilTasks(supervisor, 1);
    await until("its call", async () => (await callsOf(world, `${mark}-task`, agent)) === 1);
    return { supervisor, task: supervisor.task(view!.taskId), taskId: view!.taskId };
  }

  test("a paused task finishes its turn, parks, keeps what it is told, and goes on where it stopped", async () => {
    const mark = "pause-keep";
    const { supervisor, task, taskId } = await startOne(mark, twoTurns(mark));
    await task.pause();
    const pausing = await until("it marked", async () => {
      const view = await task.view();
      return view.pausedAt !== undefined && view;
    });
    expect(pausing.status).toBe("running");
    await world.model.release(mark);
    const parked = await until("it parked", async () => {
      const view = await task.view();
      return isPaused(view) && view;
    });
    expect(parked.why).toContain(`bosun resume ${taskId}`);
    const note = await task.steer("look closer");
    expect(note.isPaused).toBe(true);
    await sleep(500);
    expect(await callsOf(world, `${mark}-task`)).toBe(1);
    const { messages } = await task.transcript();
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect((await task.check()).report).toMatchObject({ unseenNotes: [note.noteId] });
    await task.resume();
    expect((await note.receipt()).turn).toBe(2);
    await untilReply(supervisor, "^Over: completed Done");
    expect((await task.view()).pausedAt).toBeUndefined();
    const { entries } = await supervisor.feed();
    const phases = entries.flatMap(({ event }) => (event.type === "task" ? [event.phase] : []));
    expect(phases.map(({ status }) => status)).toEqual([
      "running",
      "waiting",
      "running",
      "completed",
    ]);
    await supervisor.end();
  });

  test("a pause of the supervisor reaches every level of its tree, and one resume lets all go on", async () => {
    const mark = "pause-tree";
    await world.model.script(mark, [
      {
        when: { system: "^# lead", lastUser: `${mark}-lead` },
        reply: { toolCalls: [startCall(`${mark}-task one`), startCall(`${mark}-task two`)] },
      },
      { when: { system: "^# lead", anyUser: `${mark}-lead` }, reply: { text: "Led." } },
      ...twoTurns(mark),
      ...delegating(mark, startCall(`${mark}-lead`, "lead")),
    ]);
    const supervisor = await world.start(`go ${mark}`);
    await untilTasks(supervisor, 3);
    await until("their calls", async () => (await callsOf(world, `${mark}-task`)) >= 2);
    await pauseDuringCalls(world, supervisor, mark);
    const paused = await untilAll(supervisor, "paused", isPaused);
    expect(paused.find(({ agent }) => agent === "lead")?.waitingOn).toContain("tasks");
    await until("it waits", async () => (await supervisor.status()).status === "waiting");
    const sent = await supervisor.send("are you there?");
    expect(sent).toMatchObject({ stored: "accepted", paused: true });
    await sleep(500);
    expect(await callsOf(world, `${mark}-task`)).toBe(2);
    expect(
      (await supervisor.feed()).entries.some(
        ({ event }) => event.type === "taken" && event.messageId === sent.id,
      ),
    ).toBe(false);
    await supervisor.resume();
    await untilAll(supervisor, "completed", ({ status }) => status === "completed");
    await untilFeed(
      supervisor,
      ({ event }) => event.type === "reply" && event.answers.includes(sent.id),
    );
    await until("an idle supervisor", async () => (await supervisor.feed()).status === "idle");
    await supervisor.end();
  });

  test("a paused supervisor without work is shown as waiting, and is idle again after it", async () => {
    const supervisor = await world.start();
    await supervisor.pause();
    await until("it waits", async () => (await supervisor.status()).status === "waiting");
    expect((await supervisor.status()).why).toContain("Paused");
    await supervisor.resume();
    await until("it is idle", async () => (await supervisor.status()).status === "idle");
    await supervisor.end();
  });

  test("a child that is being started while its agent is paused inherits the pause", async () => {
    const mark = "pause-spawn";
    await world.model.script(mark, [
      ...twoTurns(mark),
      {
        when: { system: "^# supervisor", lastUser: `^go ${mark}` },
        reply: {
          toolCalls: Array.from({ length: 5 }, (_, n) => startCall(`${mark}-task ${n}`)),
          until: mark,
        },
      },
      ...delegating(mark, startCall("never")),
    ]);
    const supervisor = await world.start(`go ${mark}`);
    await until("the call", async () => (await world.model.journal(`go ${mark}`)).length === 1);
    // During the model call that starts them.
    await supervisor.pause();
    await world.model.release(mark);
    const tasks = await untilTasks(supervisor, 5);
    expect(tasks.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => "queued"));
    await untilAll(supervisor, "marked", isMarked);
    await sleep(500);
    expect(await callsOf(world, `${mark}-task`)).toBe(0);
    await supervisor.resume();
    await untilAll(supervisor, "completed", ({ status }) => status === "completed");
    await supervisor.end();
  });

  test.each(Array.from({ length: 3 }, (_, n) => n * 24))(
    "a pause %s ms around the start of five tasks leaves none of them at work",
    async (delayMs) => {
      const mark = `pause-race-${delayMs}`;
      const calls = Array.from({ length: 5 }, (_, n) => startCall(`${mark}-task ${n}`));
      await world.model.script(mark, [
        {
          when: { system: "^# researcher", anyUser: `${mark}-task` },
          reply: { toolCalls: [{ name: "list_files" }], delayMs: 200 },
        },
        ...delegating(mark, ...calls),
      ]);
      const supervisor = await world.start(`go ${mark}`);
      await until("the call", async () => (await world.model.journal(`go ${mark}`)).length > 0);
      await sleep(delayMs);
      await supervisor.pause();
      await untilTasks(supervisor, 5);
      const held = await untilAll(
        supervisor,
        "held",
        (task) => isMarked(task) && (isPaused(task) || task.status === "queued"),
      );
      expect(held).toHaveLength(5);
      await supervisor.resume();
      await untilAll(supervisor, "at work", (task) => task.status === "running" && task.turn > 0);
      await supervisor.end();
    },
  );

  test.each([1, 2, 3])(
    "a pause that comes between a start and its arrival reaches each of fifteen tasks (%s)",
    async (n) => {
      const mark = `pause-between-${n}`;
      const calls = Array.from({ length: 15 }, (_, k) => startCall(`${mark}-task ${k}`));
      await world.model.script(mark, [
        {
          when: { system: "^# researcher", anyUser: `${mark}-task` },
          reply: { toolCalls: [{ name: "list_files" }], delayMs: 200 },
        },
        ...delegating(mark, ...calls),
      ]);
      const supervisor = await world.start(`go ${mark}`);
      const handle = world.bosun.client.workflow.getHandle(supervisor.id);
      const isStarting = async (): Promise<boolean> =>
        ((await handle.describe()).raw.pendingChildren ?? []).length > 0;
      while (!(await isStarting())) await sleep(1);
      await handle.signal(pauseSignal);
      await untilTasks(supervisor, 15);
      const held = await untilAll(supervisor, "parked", isPaused);
      expect(held).toHaveLength(15);
      await supervisor.end();
    },
  );

  test("pauses and resumes in a row end as the last one said, at every level", async () => {
    const mark = "pause-row";
    await world.model.script(mark, [
      ...twoTurns(mark),
      ...delegating(mark, startCall(`${mark}-task one`), startCall(`${mark}-task two`)),
    ]);
    const supervisor = await world.start(`go ${mark}`);
    await until("their calls", async () => (await callsOf(world, `${mark}-task`)) === 2);
    const tasks = await untilTasks(supervisor, 2);
    for (const word of ["pause", "resume", "pause", "resume", "pause"] as const) {
      await supervisor[word]();
    }
    for (const { taskId } of tasks) {
      await until("every word", async () => (await switchesOf(world, taskId)) === 5);
    }
    await world.model.release(mark);
    await untilAll(supervisor, "paused", isPaused);
    for (const word of ["resume", "pause", "resume"] as const) await supervisor[word]();
    await untilAll(supervisor, "completed", ({ status }) => status === "completed");
    expect(await callsOf(world, `${mark}-task`)).toBe(4);
    await supervisor.end();
  });

  test("a paused task is cancelled at once, and its paused supervisor can be ended", async () => {
    const mark = "pause-cancel";
    const { supervisor, task } = await startOne(mark, twoTurns(mark));
    await pauseDuringCalls(world, supervisor, mark);
    await until("it parked", async () => isPaused(await task.view()));
    await task.cancel("enough");
    expect(await task.ended()).toMatchObject({
      status: "cancelled",
      result: { notDone: "enough" },
    });
    await supervisor.end();
    await until("its end", async () => (await supervisor.status()).endedAt !== null);
  });

  test("what is approved while a task is paused is done after it, and its time runs on meanwhile", async () => {
    const mark = "pause-approve";
    const write = { name: "write_file", input: { path: "paused.md", content: "x" } };
    const { supervisor, task } = await startOne(
      mark,
      [
        {
          when: { system: "^# careful", anyUser: `${mark}-task`, assistantTurns: 0 },
          reply: { toolCalls: [write] },
        },
        { when: { system: "^# careful", anyUser: `${mark}-task` }, reply: { text: "Done." } },
      ],
      "careful",
    );
    const [request] = await until("a request", async () => (await task.view()).requests);
    await task.pause();
    const both = await until("both", async () => {
      const view = await task.view();
      return isPaused(view) && view;
    });
    expect(both.waitingOn).toEqual(["approval", "paused"]);
    expect(both.requests?.[0]?.expiresAt).toBe(request!.expiresAt);
    await task.decide(request!.requestId, { type: "approve" });
    await until("paused alone", async () => (await task.view()).waitingOn.join() === "paused");
    await sleep(300);
    expect((await task.transcript()).total).toBe(2);
    await task.resume();
    expect((await task.ended()).status).toBe("completed");
    await supervisor.end();
  });

  test("a task that it waits for goes on in the background when a supervisor is paused", async () => {
    const mark = "pause-sync";
    await world.model.script(mark, [
      {
        when: { system: "^# supervisor", lastUser: `^go ${mark}` },
        reply: {
          toolCalls: [
            { name: "task", input: { description: `${mark}-task`, subagent_type: "researcher" } },
          ],
        },
      },
      ...twoTurns(mark),
      ...delegating(mark, startCall("never")),
    ]);
    const supervisor = await world.start(`go ${mark}`);
    await until("its call", async () => (await callsOf(world, `${mark}-task`)) === 1);
    await pauseDuringCalls(world, supervisor, mark);
    await until("both parked", async () => {
      const [task] = await supervisor.tasks();
      return task && isPaused(task) && (await supervisor.status()).status === "waiting";
    });
    await supervisor.resume();
    expect(await untilReply(supervisor, "^Over")).toBe("Over: completed Done.");
    await supervisor.end();
  });

  test("a pause of what has ended is refused, and one of nobody", async () => {
    const supervisor = await world.start();
    await supervisor.end();
    await until("its end", async () => (await supervisor.status()).endedAt !== null);
    await expect(supervisor.pause()).rejects.toMatchObject({ code: "ended" });
    await expect(world.bosun.task("nobody").pause()).rejects.toMatchObject({ code: "unknown" });
  });
});

describe("with one slot", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ env: { BOSUN_MAX_RUNNING: "1" } });
  });
  afterAll(() => world.close());

  test("a paused task keeps its slot, and a paused agent begins no queued task", async () => {
    const mark = "pause-slot";
    await world.model.script(mark, [
      ...twoTurns(mark),
      ...delegating(mark, startCall(`${mark}-task one`), startCall(`${mark}-task two`)),
    ]);
    const supervisor = await world.start(`go ${mark}`);
    const tasks = await untilTasks(supervisor, 2);
    const [first, second] = ["one", "two"].map((word) =>
      tasks.find(({ description }) => description === `${mark}-task ${word}`),
    );
    await until("its call", async () => (await callsOf(world, `${mark}-task one`)) === 1);
    await supervisor.task(first!.taskId).pause();
    await until("its mark", async () => isMarked(await supervisor.task(first!.taskId).view()));
    await world.model.release(mark);
    await until("it parked", async () => isPaused(await supervisor.task(first!.taskId).view()));
    expect((await supervisor.task(second!.taskId).view()).status).toBe("queued");
    await supervisor.pause();
    await until("it parked", async () => (await supervisor.status()).status === "waiting");
    await supervisor.task(first!.taskId).cancel("to free the slot");
    await supervisor.task(first!.taskId).ended();
    await untilFeed(
      supervisor,
      ({ event }) => event.type === "task" && event.phase.status === "cancelled",
    );
    await sleep(300);
    expect((await supervisor.task(second!.taskId).view()).status).toBe("queued");
    await supervisor.resume();
    expect((await supervisor.task(second!.taskId).ended()).status).toBe("completed");
    await supervisor.end();
  });
});

describe("in a world that rolls after each turn", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ env: { BOSUN_ROLL_AFTER_TURNS: "1" } });
  });
  afterAll(() => world.close());

  test("a pause outlasts rolls and workers, and what is paused replays", async () => {
    const mark = "pause-roll";
    await world.model.script(mark, [
      ...twoTurns(mark),
      ...delegating(mark, startCall(`${mark}-task`)),
    ]);
    const supervisor = await world.start(`go ${mark}`);
    const [view] = await untilTasks(supervisor, 1);
    const task = world.bosun.client.workflow.getHandle(view!.taskId);
    await until("its call", async () => (await callsOf(world, `${mark}-task`)) === 1);
    const { runId } = await task.describe();
    await pauseDuringCalls(world, supervisor, mark);
    await untilAll(supervisor, "paused", isPaused);
    await until("its next run", async () => (await task.describe()).runId !== runId);
    await world.stopWorkers();
    await world.startWorkers();
    expect(await supervisor.send("hello")).toMatchObject({ paused: true });
    expect(isPaused(await supervisor.task(view!.taskId).view())).toBe(true);
    expect(await callsOf(world, `${mark}-task`)).toBe(1);
    await supervisor.resume();
    await untilReply(supervisor, "^Over: completed Done");
    await supervisor.end();
    await world.bosun.client.workflow.getHandle(supervisor.id).result();
    const query = `WorkflowId = '${supervisor.id}' OR WorkflowId = '${view!.taskId}'`;
    const histories = world.bosun.client.workflow.list({ query }).intoHistories();
    const workflowBundle = { code: inject("bundle") };
    for await (const { error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
      expect(error).toBeUndefined();
    }
  }, 60_000);
});

describe("when a person is asked", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ env: { BOSUN_ROLL_AFTER_TURNS: "1" } });
    await addCarefulAgent(world.workspace);
  });
  afterAll(() => world.close());

  test.concurrent("what was approved of a paused task waits over rolls and workers, and is done once it goes on", async () => {
    const mark = "pause-decided";
    const { supervisor, task, requestId } = await ask(world, mark);
    await supervisor.pause();
    await until("both", async () => (await task.view()).waitingOn.join() === "approval,paused");
    await task.decide(requestId, { type: "approve" });
    await until("paused alone", async () => (await task.view()).waitingOn.join() === "paused");
    await world.stopWorkers();
    await world.startWorkers();
    await sleep(500);
    expect(isPaused(await task.view())).toBe(true);
    expect(isWritten(world, mark)).toBe(false);
    await supervisor.resume();
    expect((await task.ended()).status).toBe("completed");
    expect(isWritten(world, mark)).toBe(true);
    await supervisor.end();
  });

  test.concurrent("the time to decide runs out while a task is paused", async () => {
    const mark = "pause-expired";
    const env = { BOSUN_ROLL_AFTER_TURNS: "1", BOSUN_APPROVAL_TIMEOUT_MS: "12000" };
    const hasty = await openWorld({ env });
    try {
      await addCarefulAgent(hasty.workspace);
      const { supervisor, task } = await ask(hasty, mark);
      await task.pause();
      await until("both", async () => (await task.view()).waitingOn.join() === "approval,paused");
      await until("paused alone", async () => (await task.view()).waitingOn.join() === "paused");
      await task.resume();
      expect((await task.ended()).status).toBe("completed");
      expect(JSON.stringify((await task.transcript()).messages)).toContain("nobody approved it");
      expect(isWritten(hasty, mark)).toBe(false);
      await supervisor.end();
    } finally {
      await hasty.close();
    }
  }, 60_000);
});

describe("when the model is away", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ env: { BOSUN_PROBE_MS: "600000", BOSUN_PROBE_MAX_MS: "600000" } });
  });
  afterAll(() => world.close());

  test("news that the model answers leaves a pause as it is, and one resume ends both waits", async () => {
    const mark = "pause-model";
    await world.model.script(mark, [
      ...twoTurns(mark),
      ...delegating(mark, startCall(`${mark}-task one`), startCall(`${mark}-task two`)),
    ]);
    await world.model.release(mark);
    await world.model.fault({
      fault: { type: "overloaded" },
      times: 6,
      when: { system: "^# researcher", anyUser: `${mark}-task` },
    });
    const supervisor = await world.start(`go ${mark}`);
    const tasks = await untilAll(supervisor, "waiting on the model", (task) =>
      task.waitingOn.includes("model"),
    );
    expect(tasks).toHaveLength(2);
    const [held, other] = tasks.map(({ taskId }) => supervisor.task(taskId));
    await held!.pause();
    await until("it parked", async () => isPaused(await held!.view()));
    await other!.resume();
    expect((await other!.ended()).status).toBe("completed");
    await sleep(500);
    expect(isPaused(await held!.view())).toBe(true);
    await held!.resume();
    expect((await held!.ended()).status).toBe("completed");
    await supervisor.end();
  });
});

test("a pause that waited for a worker is taken with the first step: no model is called", async () => {
  const world = await openWorld({ workers: false });
  try {
    const mark = "pause-first";
    await world.model.script(mark, [{ when: { lastUser: mark }, reply: { text: "Hello." } }]);
    const { supervisor } = await world.bosun.start({ workspace: world.workspace, message: mark });
    await world.bosun.client.workflow.getHandle(supervisor.id).signal(pauseSignal);
    await world.startWorkers();
    await until("it parked", async () => (await supervisor.status()).status === "waiting");
    expect(await world.model.journal(mark)).toHaveLength(0);
    await supervisor.resume();
    await untilReply(supervisor, "Hello");
    await supervisor.end();
  } finally {
    await world.close();
  }
});
