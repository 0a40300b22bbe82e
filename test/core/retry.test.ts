// New attempts at ended tasks.
import { Worker } from "@temporalio/worker";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { SupervisorHandle, TaskView } from "../../client/index.ts";
import { retrySignal } from "../../protocol/messages.ts";
import {
  addLeadAgent,
  delegating,
  startCall,
  untilAll,
  untilTasks,
} from "../support/lead-agent.ts";
import type { Rule } from "../support/scripted-model.ts";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";

const refusal = (code: string, message: RegExp) => ({
  code,
  message: expect.stringMatching(message) as string,
});

/** The words of every user text a request carried. */
const textsOf = (request: { readonly messages: readonly { readonly content: unknown }[] }) =>
  JSON.stringify(request.messages);

/** Reads once, then says this: from the second attempt on at once. */
const readsThenSays = (mark: string, text: string): readonly Rule[] => [
  {
    when: { system: "^# researcher", anyUser: `Subject of ${mark}`, lastUser: "\\[retry" },
    reply: { text: `Again: ${text}` },
  },
  {
    when: { system: "^# researcher", anyUser: `Subject of ${mark}`, assistantTurns: 0 },
    reply: { text: "Listing the files.", toolCalls: [{ name: "list_files" }] },
  },
  { when: { system: "^# researcher", anyUser: `Subject of ${mark}` }, reply: { text } },
];

/** How many ends of tasks a supervisor's model has read of. */
async function endsToldTo(supervisor: SupervisorHandle): Promise<number> {
  const said = JSON.stringify((await supervisor.transcript()).messages);
  return said.match(/bosun-event type=..task_ended/g)?.length ?? 0;
}

describe("a supervisor that stays in its run", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
    await addLeadAgent(world.workspace);
  });
  afterAll(() => world.close());

  /** A supervisor whose one task has ended. */
  async function ended(
    mark: string,
    rules: readonly Rule[],
    { agent = "researcher", count = 1 } = {},
  ) {
    const text = `Subject of ${mark}: ${"a long description. ".repeat(60)}(its end)`;
    await world.model.script(mark, [...rules, ...delegating(mark, startCall(text, agent))]);
    const supervisor = await world.start(`go ${mark}`);
    await untilReply(supervisor, "^Over");
    const [view] = await untilTasks(supervisor, count);
    return { supervisor, task: supervisor.task(view!.taskId), view: view! };
  }

  test("begins from the digest of the attempt before and the message, under the same id, and is told once", async () => {
    const mark = "retry-digest";
    const { supervisor, task, view } = await ended(mark, readsThenSays(mark, "Nothing found."));
    const answer = await task.retry("look into the tests too");
    expect(answer).toMatchObject({
      taskId: view.taskId,
      attempt: 2,
      known: false,
      stored: "accepted",
    });
    await untilReply(supervisor, "^Over: completed Again");
    expect(await task.ended()).toMatchObject({
      taskId: view.taskId,
      attempt: 2,
      status: "completed",
      result: { summary: "Again: Nothing found." },
    });
    expect(await task.workflowId()).toBe(`${view.taskId}-2`);
    const listed = await until("it in the list", async () => {
      const all = await supervisor.tasks();
      return all.some(({ attempt }) => attempt === 2) && all;
    });
    expect(listed).toMatchObject([{ taskId: view.taskId, attempt: 2 }]);
    const { messages } = await task.transcript();
    const first = JSON.stringify(messages[0]);
    // The whole description, not the line of the board.
    expect(first).toContain("(its end)");
    expect(first).toContain("calls list_files");
    expect(first).toContain("Nothing found.");
    expect(first).toContain(`[retry ${answer.retryId} from person] look into the tests too`);
    const before = await (await task.attempt(1)).view();
    expect(before).toMatchObject({ status: "completed", result: { summary: "Nothing found." } });
    await until("both ends told", async () => (await endsToldTo(supervisor)) === 2);
    await until("an idle supervisor", async () => (await supervisor.feed()).status === "idle");
    const said = JSON.stringify((await supervisor.transcript()).messages);
    expect(await endsToldTo(supervisor)).toBe(2);
    expect(said.match(/attempt..:2/g)).toHaveLength(1);
    await supervisor.end();
  });

  test("is held to what the first one was started with: scope, budget, deadline, note", async () => {
    const mark = "retry-terms";
    const outside = { name: "write_file", input: { path: "out.txt", content: "out" } };
    const start = {
      name: "start_async_task",
      input: {
        description: `Subject of ${mark}`,
        subagent_type: "researcher",
        scope: ["docs"],
        budget: { turns: 7 },
        deadline_minutes: 30,
        on_complete: "compare the two",
      },
    };
    await world.model.script(mark, [
      {
        when: { system: "^# researcher", anyUser: `Subject of ${mark}`, lastUser: "\\[retry" },
        reply: { toolCalls: [outside] },
      },
      {
        when: { system: "^# researcher", anyUser: `Subject of ${mark}` },
        reply: { text: "Said." },
      },
      ...delegating(mark, start),
    ]);
    const supervisor = await world.start(`go ${mark}`);
    await untilReply(supervisor, "^Over");
    const [first] = await untilTasks(supervisor, 1);
    const task = supervisor.task(first!.taskId);
    await task.retry("write it");
    const second = await task.ended();
    expect(second).toMatchObject({ attempt: 2, onComplete: "compare the two" });
    const { messages } = await task.transcript();
    expect(JSON.stringify(messages)).toMatch(/out\.txt was not written: it is outside the scope/);
    const lengthMs = Date.parse(second.deadlineAt!) - Date.parse(second.startedAt);
    expect(Math.round(lengthMs / 60_000)).toBe(30);
    expect(Date.parse(second.deadlineAt!)).toBeGreaterThan(Date.parse(first!.deadlineAt!));
    expect((await task.budget()).budget).toMatchObject({ turns: 7 });
    await supervisor.end();
  });

  test("of an attempt: the third one knows what the second one said", async () => {
    const mark = "retry-third";
    const { supervisor, task, view } = await ended(mark, readsThenSays(mark, "First."));
    await task.retry("second");
    await untilReply(supervisor, "^Over: completed Again");
    // By the id of an attempt, too.
    const third = await world.bosun.task(`${view.taskId}-2`).retry("third");
    expect(third).toMatchObject({ taskId: view.taskId, attempt: 3 });
    expect(await task.ended()).toMatchObject({ attempt: 3, status: "completed" });
    const first = JSON.stringify((await task.transcript()).messages[0]);
    expect(first).toContain("Again: First.");
    expect(first).toContain("(its end)");
    await supervisor.end();
  });

  test("is steered, checked and cancelled by the id of the first one, by its supervisor too", async () => {
    const mark = "retry-steer";
    const { supervisor, task, view } = await ended(mark, [
      {
        when: { system: "^# supervisor", lastUser: `^steer ${mark}` },
        reply: {
          toolCalls: [
            {
              name: "update_async_task",
              input: { task_id: "{{json:start_async_task:task_id}}", message: "from above" },
            },
            { name: "check_async_task", input: { task_id: "{{json:start_async_task:task_id}}" } },
            { name: "list_async_tasks", input: {} },
          ],
        },
      },
      {
        when: { system: "^# supervisor", lastUser: `^cancel ${mark}` },
        reply: {
          toolCalls: [
            { name: "cancel_async_task", input: { task_id: "{{json:start_async_task:task_id}}" } },
          ],
        },
      },
      {
        when: { system: "^# researcher", anyUser: `Subject of ${mark}`, lastUser: "\\[retry" },
        reply: { text: "Slowly.", toolCalls: [{ name: "list_files" }], until: mark },
      },
      {
        when: { system: "^# researcher", anyUser: `Subject of ${mark}`, lastUser: "\\[note" },
        reply: { text: "Never.", until: "never" },
      },
      { when: { system: "^# researcher", anyUser: `Subject of ${mark}` }, reply: { text: "One." } },
    ]);
    await task.retry("again");
    await until("its first call", async () => (await task.look()).live);
    const note = await task.steer("from a person");
    await supervisor.ask(`steer ${mark}`);
    await world.model.release(mark);
    const said = JSON.stringify((await supervisor.transcript()).messages);
    expect(said).toMatch(/attempt[^0-9]+2[^0-9]/);
    expect((await note.receipt()).turn).toBe(2);
    await untilFeed(
      supervisor,
      ({ event }) => event.type === "receipt" && event.taskId === view.taskId,
    );
    await supervisor.ask(`cancel ${mark}`);
    expect(await task.ended()).toMatchObject({ status: "cancelled", attempt: 2 });
    await untilReply(supervisor, "^Over: cancelled");
    await supervisor.end();
  });

  test("of a task that failed, and of one that was cancelled", async () => {
    const mark = "retry-failed";
    const { supervisor, task } = await ended(mark, [
      {
        when: { system: "^# researcher", anyUser: `Subject of ${mark}`, lastUser: "better" },
        reply: { text: "Better." },
      },
      {
        when: { system: "^# researcher", anyUser: `Subject of ${mark}`, lastUser: "slower" },
        reply: { text: "Never.", until: "never" },
      },
      {
        when: { system: "^# researcher", anyUser: `Subject of ${mark}` },
        reply: { text: "", stopReason: "refusal" },
      },
    ]);
    expect(await task.view()).toMatchObject({ status: "failed", reason: "refusal" });
    await task.retry("slower");
    await until("it works", async () => (await task.view()).status === "running");
    await task.cancel("enough");
    await task.ended();
    await task.retry("better");
    expect(await task.ended()).toMatchObject({ status: "completed", attempt: 3 });
    const first = JSON.stringify((await task.transcript()).messages[0]);
    expect(first).toMatch(/before[^a-z]+cancelled/);
    await supervisor.end();
  });

  test("of a task that somebody terminated begins from what it had said", async () => {
    const mark = "retry-gone";
    const slow: Rule = {
      when: { system: "^# researcher", anyUser: `${mark}-task`, assistantTurns: 1 },
      reply: { text: "Never.", until: "never" },
    };
    await world.model.script(mark, [
      {
        when: { system: "^# researcher", anyUser: `${mark}-task`, lastUser: "\\[retry" },
        reply: { text: "Back." },
      },
      {
        when: { system: "^# researcher", anyUser: `${mark}-task`, assistantTurns: 0 },
        reply: { text: "Half of it.", toolCalls: [{ name: "list_files" }] },
      },
      slow,
      ...delegating(mark, startCall(`${mark}-task`)),
    ]);
    const supervisor = await world.start(`go ${mark}`);
    const [view] = await untilTasks(supervisor, 1);
    const task = supervisor.task(view!.taskId);
    await until("half of it", async () => (await task.view()).turn === 1);
    await world.bosun.client.workflow.getHandle(view!.taskId).terminate("test");
    await task.retry("go on");
    expect(await task.ended()).toMatchObject({ attempt: 2, status: "completed" });
    expect(JSON.stringify((await task.transcript()).messages[0])).toContain("Half of it.");
    await supervisor.end();
  });

  test("the same retry has one effect, however often it is asked", async () => {
    const mark = "retry-twice";
    const { supervisor, task } = await ended(mark, readsThenSays(mark, "Once."));
    const answers = await Promise.all([
      task.retry("x", { id: "r-1" }),
      task.retry("x", { id: "r-1" }),
    ]);
    expect(answers.map(({ attempt }) => attempt)).toEqual([2, 2]);
    expect(answers.filter(({ known }) => known)).toHaveLength(1);
    await task.ended();
    const handle = world.bosun.client.workflow.getHandle(supervisor.id);
    await handle.signal(retrySignal, { retryId: "r-1", taskId: task.id, message: "x" });
    await supervisor.ask("anything new?");
    expect(await task.view()).toMatchObject({ attempt: 2, status: "completed" });
    await supervisor.end();
  });

  test("is refused for a task that runs, a task of nobody, and a supervisor that has ended", async () => {
    const mark = "retry-refused";
    const slow: Rule = {
      when: { system: "^# researcher", anyUser: `${mark}-task` },
      reply: { text: "Slow.", until: mark },
    };
    await world.model.script(mark, [slow, ...delegating(mark, startCall(`${mark}-task`))]);
    const supervisor = await world.start(`go ${mark}`);
    const [view] = await untilTasks(supervisor, 1);
    const task = supervisor.task(view!.taskId);
    await expect(task.retry()).rejects.toMatchObject(
      refusal("refused", /has not ended.*bosun steer/),
    );
    await expect(world.bosun.task("nobody").retry()).rejects.toMatchObject({ code: "unknown" });
    await expect(world.bosun.task(supervisor.id).retry()).rejects.toMatchObject({
      code: "wrongKind",
    });
    const handle = world.bosun.client.workflow.getHandle(supervisor.id);
    await handle.signal(retrySignal, { retryId: "r-2", taskId: "nobody", message: "" });
    await untilFeed(
      supervisor,
      ({ event }) => event.type === "trouble" && event.text.includes("A retry could not be done"),
    );
    await world.model.release(mark);
    await task.ended();
    await supervisor.end();
    await until("its end", async () => (await supervisor.status()).endedAt !== null);
    await expect(task.retry()).rejects.toMatchObject(refusal("ended", /has ended.*bosun start/));
  });

  test("of a task whose own tasks had ended begins a whole new one, with tasks below it", async () => {
    const mark = "retry-tree";
    const { supervisor, task, view } = await ended(
      mark,
      [
        {
          when: { system: "^# lead", anyUser: `Subject of ${mark}`, assistantTurns: 0 },
          reply: { toolCalls: [startCall(`below ${mark}`)] },
        },
        {
          when: { system: "^# lead", anyUser: `Subject of ${mark}`, lastUser: "task_ended" },
          reply: { text: "Led." },
        },
        { when: { system: "^# lead", anyUser: `Subject of ${mark}` }, reply: { text: "Leading." } },
        {
          when: { system: "^# researcher", anyUser: `below ${mark}` },
          reply: { text: "Below." },
        },
      ],
      { agent: "lead", count: 2 },
    );
    await task.retry();
    await task.ended();
    const tasks = await until("three tasks", async () => {
      const all = await supervisor.tasks();
      return all.length === 3 && all.every(({ endedAt }) => endedAt !== null) && all;
    });
    const below = tasks.filter(({ parentId }) => parentId === view.taskId);
    expect(below.map(({ status }) => status)).toEqual(["completed", "completed"]);
    // Who started the first one has ended: only it knew it.
    await expect(supervisor.task(below[0]!.taskId).retry()).rejects.toMatchObject(
      refusal("ended", /has ended/),
    );
    await supervisor.end();
  });

  test("an end that was still to be read is told before the new attempt", async () => {
    const mark = "retry-unread";
    await world.model.script(mark, [
      {
        when: { system: "^# supervisor", lastUser: "^busy" },
        reply: { text: "Was busy.", until: `${mark} busy` },
      },
      {
        when: { system: "^# researcher", anyUser: `${mark}-task`, lastUser: "\\[retry" },
        reply: { text: "Second end." },
      },
      {
        when: { system: "^# researcher", anyUser: `${mark}-task` },
        reply: { text: "First end.", until: `${mark} first` },
      },
      ...delegating(mark, startCall(`${mark}-task`)),
    ]);
    const supervisor = await world.start(`go ${mark}`);
    await untilReply(supervisor, "Heard");
    await supervisor.send(`busy ${mark}`);
    await until("the call", async () => (await world.model.journal(`busy ${mark}`)).length > 0);
    await world.model.release(`${mark} first`);
    const [view] = await untilTasks(supervisor, 1);
    const task = supervisor.task(view!.taskId);
    await task.ended();
    expect(await task.retry("go on")).toMatchObject({ attempt: 2 });
    await task.ended();
    await world.model.release(`${mark} busy`);
    await untilReply(supervisor, "Was busy");
    await until("both told", async () => {
      const said = JSON.stringify((await supervisor.transcript()).messages);
      const ends = said.match(/bosun-event type=..task_ended/g) ?? [];
      return ends.length === 2 && said.includes("First end.") && said.includes("Second end.");
    });
    await supervisor.end();
  });

  test("while its supervisor is paused it waits for it", async () => {
    const mark = "retry-paused";
    const { supervisor, task } = await ended(mark, readsThenSays(mark, "Said."));
    await supervisor.pause();
    await task.retry("go on");
    const waiting = await until("it marked", async () => {
      const view = await task.view();
      return view.pausedAt !== undefined && view;
    });
    expect(waiting).toMatchObject({ status: "queued", attempt: 2 });
    await supervisor.resume();
    expect((await task.ended()).status).toBe("completed");
    await supervisor.end();
  });

  test("a retry that waited for a worker is done when one comes, also with the end that it follows", async () => {
    const away = await openWorld({ workers: false });
    try {
      const mark = "retry-away";
      await away.model.script(mark, [
        {
          when: { system: "^# researcher", anyUser: `${mark}-task`, lastUser: "\\[retry" },
          reply: { text: "Back." },
        },
        {
          when: { system: "^# researcher", anyUser: `${mark}-task` },
          reply: { text: "Never.", until: "never" },
        },
        ...delegating(mark, startCall(`${mark}-task`)),
      ]);
      const workers = await away.startWorkers({ BOSUN_GRACE_MS: "100" });
      const supervisor = await away.start(`go ${mark}`);
      await untilReply(supervisor, "Heard");
      const [view] = await untilTasks(supervisor, 1);
      workers.stop();
      await workers.done;
      // Its agent hears of this end together with the retry.
      await away.bosun.client.workflow.getHandle(view!.taskId).terminate("test");
      const answer = await supervisor.task(view!.taskId).retry("again");
      expect(answer).toMatchObject({ attempt: null, stored: "signalled" });
      await away.startWorkers();
      await untilReply(supervisor, "^Over: completed Back");
      await supervisor.end();
    } finally {
      await away.close();
    }
  });
});

describe("a supervisor that rolls after each turn, with one slot and few open tasks", () => {
  let world: World;
  beforeAll(async () => {
    const env = { BOSUN_ROLL_AFTER_TURNS: "1", BOSUN_MAX_RUNNING: "1", BOSUN_MAX_OPEN: "2" };
    world = await openWorld({ env });
  });
  afterAll(() => world.close());

  async function two(mark: string): Promise<[SupervisorHandle, readonly TaskView[]]> {
    await world.model.script(mark, [
      {
        when: { system: "^# researcher", anyUser: `${mark}-task`, lastUser: "slower" },
        reply: { text: "Slow.", until: `${mark} slower` },
      },
      {
        when: { system: "^# researcher", anyUser: `${mark}-task`, lastUser: "\\[retry" },
        reply: { text: "Again." },
      },
      { when: { system: "^# researcher", anyUser: `${mark}-task` }, reply: { text: "Once." } },
      {
        when: { system: "^# supervisor", lastUser: `^third ${mark}` },
        reply: { toolCalls: [startCall(`${mark}-task three`)] },
      },
      ...delegating(mark, startCall(`${mark}-task one`), startCall(`${mark}-task two`)),
    ]);
    const supervisor = await world.start(`go ${mark}`);
    await untilTasks(supervisor, 2);
    const tasks = await untilAll(supervisor, "completed", ({ status }) => status === "completed");
    await until("both ends told", async () => (await endsToldTo(supervisor)) === 2);
    await until("an idle supervisor", async () => (await supervisor.feed()).status === "idle");
    return [supervisor, tasks];
  }

  test("tells each new attempt's end once, whenever it is asked for around the rolls", async () => {
    const [supervisor, tasks] = await two("retry-roll");
    const handles = tasks.map(({ taskId }) => supervisor.task(taskId));
    // Each question is a turn, so a roll.
    const asking = (async () => {
      for (const word of ["one", "two", "three", "four"]) await supervisor.ask(`and ${word}?`);
    })();
    const retried = await Promise.all(handles.map((handle) => handle.retry("go on")));
    expect(retried.map(({ attempt }) => attempt)).toEqual([2, 2]);
    await asking;
    for (const handle of handles) {
      expect(await handle.ended()).toMatchObject({ status: "completed", attempt: 2 });
    }
    await until("both told", async () => (await endsToldTo(supervisor)) === 4);
    await supervisor.ask("and five?");
    expect(await endsToldTo(supervisor)).toBe(4);
    await supervisor.end();
    await world.bosun.client.workflow.getHandle(supervisor.id).result();
    const ids = [supervisor.id, ...tasks.flatMap(({ taskId }) => [taskId, `${taskId}-2`])];
    const query = ids.map((id) => `WorkflowId = '${id}'`).join(" OR ");
    const histories = world.bosun.client.workflow.list({ query }).intoHistories();
    const workflowBundle = { code: inject("bundle") };
    for await (const { error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
      expect(error).toBeUndefined();
    }
  }, 60_000);

  test("waits for a slot, and is refused where the limit of open tasks is reached", async () => {
    const mark = "retry-limit";
    const [supervisor, tasks] = await two(mark);
    const [one, other] = tasks.map(({ taskId }) => supervisor.task(taskId));
    await supervisor.send(`third ${mark}`);
    const all = await untilTasks(supervisor, 3);
    const last = all.find(({ description }) => description.endsWith("three"));
    const third = supervisor.task(last!.taskId);
    await until("its end told", async () => (await endsToldTo(supervisor)) === 3);
    await one!.retry("slower");
    await other!.retry("slower");
    await expect(third.retry()).rejects.toMatchObject(
      refusal("refused", /^2 tasks are open or ended unread.*the limit maxOpen/),
    );
    await until("one at work, one queued", async () => {
      const statuses = [(await one!.view()).status, (await other!.view()).status];
      return statuses.join() === "running,queued";
    });
    await one!.cancel("enough");
    await one!.ended();
    await world.model.release(`${mark} slower`);
    expect((await other!.ended()).status).toBe("completed");
    const journal = await world.model.journal("retry-limit-task");
    expect(journal.some(({ request }) => textsOf(request).includes("slower"))).toBe(true);
    await supervisor.end();
  });
});
