// Budgets in hard moments, and what else they count.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCall, untilTasks } from "../support/lead-agent.ts";
import { addAgent } from "../support/add-agent.ts";
import {
  handOut,
  holdAndSpend,
  resultOf,
  spend,
  usageOf,
  withoutBudget,
  waitingForBudget,
} from "../support/spending.ts";
import { openWorld, runsOf, until, untilReply, type World } from "../support/world.ts";

const small = { BOSUN_CLOSING_TOKENS: "100", BOSUN_MAX_TOKENS: "400" };

describe("agents that roll after each turn", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ env: { ...small, BOSUN_ROLL_AFTER_TURNS: "1" } });
    await addAgent(world, "lead", "tools: list_files\ndelegate: true");
  });
  afterAll(() => world.close());

  test("answer after the roll what was asked before it, also from two levels below", async () => {
    await world.model.script("rolled", [
      {
        when: { system: "^# supervisor", lastUser: "^go rolled" },
        reply: {
          toolCalls: [startCall("rolled-task holds"), startCall("rolled-task leads", "lead")],
        },
      },
      { when: { system: "^# supervisor", anyUser: "go rolled" }, reply: { text: "Heard." } },
      {
        when: { system: "^# researcher", anyUser: "rolled-task holds" },
        reply: { text: "Held.", until: "never" },
      },
      {
        when: { system: "^# lead", anyUser: "rolled-task leads", assistantTurns: 0 },
        reply: { toolCalls: [startCall("rolled-task below")] },
      },
      {
        when: { system: "^# lead", anyUser: "rolled-task leads", lastUser: "task_ended" },
        reply: { text: "Below: {{event:task_ended:summary}}" },
      },
      { when: { system: "^# lead", anyUser: "rolled-task leads" }, reply: { text: "Waiting." } },
      {
        when: { system: "^# researcher", anyUser: "rolled-task below", maxAssistantTurns: 14 },
        reply: spend,
      },
      { when: { system: "^# researcher", anyUser: "rolled-task below" }, reply: { text: "Done." } },
    ]);
    const { workspace } = world;
    const budget = { outputTokens: 2_600 };
    const { supervisor } = await world.bosun.start({ workspace, message: "go rolled", budget });
    const below = await withoutBudget(world, supervisor);
    expect(below.description).toContain("below");
    const before = await runsOf(world, supervisor.id);
    await supervisor.ask("anything new?");
    await until("a roll", async () => (await runsOf(world, supervisor.id)) > before);
    expect((await supervisor.task(below.taskId).view()).waitingOn).toEqual(["budget"]);
    await supervisor.setBudget({ outputTokens: 50_000 });
    const done = await until("its end", async () => {
      const view = await supervisor.task(below.taskId).view();
      return view.endedAt !== null && view;
    });
    expect(resultOf(done)).toMatchObject({ status: "completed", summary: "Done." });
    const { tasks, status } = { tasks: await supervisor.tasks(), status: supervisor };
    const lead = tasks.find(({ agent }) => agent === "lead");
    await status.task(lead!.taskId).ended();
    const view = await supervisor.task(lead!.taskId).view();
    expect(view.result?.summary).toBe("Below: Done.");
    expect(view.result?.spent?.usage).toEqual(usageOf([view, done]));
    await supervisor.end();
  }, 60_000);
});

describe("with prices", () => {
  let world: World;
  const price = { input: 100, output: 1_000, cacheWrite: 100, cacheRead: 10 };
  beforeAll(async () => {
    const prices = { "claude-haiku-5-5": price, "claude-opus-5-5": price };
    world = await openWorld({ env: { ...small, BOSUN_PRICES: JSON.stringify(prices) } });
  });
  afterAll(() => world.close());

  test("a task never costs more than it may, and says what it cost", async () => {
    await world.model.script("usd", [
      ...handOut("usd", { budget: { usd: 3 } }),
      {
        when: { system: "^# researcher", anyUser: "usd-task", mayCallTools: false },
        reply: { text: "What I have." },
      },
      { when: { system: "^# researcher", anyUser: "usd-task" }, reply: spend },
    ]);
    const supervisor = await world.start("go usd");
    await untilReply(supervisor, "^Ended: failed, What I have");
    const [listed] = await untilTasks(supervisor, 1);
    const task = await supervisor.task(listed!.taskId).ended();
    expect(resultOf(task)).toMatchObject({ reason: "budget", partial: true });
    expect(task.usage.usd).toBeGreaterThan(1);
    expect(task.usage.usd).toBeLessThanOrEqual(3);
    const { usage } = task;
    const tokens =
      usage.inputTokens * price.input +
      usage.outputTokens * price.output +
      usage.cacheReadTokens * price.cacheRead +
      usage.cacheWriteTokens * price.cacheWrite;
    expect(usage.usd).toBeCloseTo(tokens / 1e6, 9);
    await supervisor.end();
  });

  test("a limit set on a running tree takes hold on every level", async () => {
    await world.model.script("late", [
      ...handOut("late", {}),
      {
        when: { system: "^# researcher", anyUser: "late-task", mayCallTools: false },
        reply: { text: "Stopped." },
      },
      // It spends no more until the limit is set.
      {
        when: { system: "^# researcher", anyUser: "late-task", assistantTurns: 3 },
        reply: { ...spend, until: "late" },
      },
      { when: { system: "^# researcher", anyUser: "late-task" }, reply: spend },
    ]);
    const supervisor = await world.start("go late");
    const task = await until("some turns", async () =>
      (await supervisor.tasks()).find(({ turn }) => turn >= 3),
    );
    const { pool } = await supervisor.task(task.taskId).budget();
    expect(pool.usd).toBeUndefined();
    const before = (await supervisor.budget()).own.usd;
    const usd = before + 8;
    await supervisor.setBudget({ usd });
    await world.model.release("late");
    await untilReply(supervisor, "^Ended: failed, Stopped");
    const spent = (await supervisor.budget()).spent.usd;
    expect(spent).toBeLessThanOrEqual(usd);
    await supervisor.end();
  });
});

describe("tasks of a tree", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ env: { ...small, BOSUN_TREE_TASKS: "4" } });
    await addAgent(world, "lead", "tools: list_files\ndelegate: true");
  });
  afterAll(() => world.close());

  test("are counted on all levels together: one too many is refused with what to do", async () => {
    await world.model.script("crowd", [
      {
        when: { system: "^# supervisor", lastUser: "^go crowd" },
        reply: { toolCalls: [startCall("crowd-task", "lead")] },
      },
      { when: { system: "^# supervisor", anyUser: "go crowd" }, reply: { text: "Heard." } },
      {
        when: { system: "^# lead", anyUser: "crowd-task", assistantTurns: 0 },
        reply: { toolCalls: [1, 2, 3, 4].map((n) => startCall(`crowd-below ${n}`)) },
      },
      {
        when: {
          system: "^# lead",
          anyUser: "crowd-task",
          lastToolResult: "As many tasks are open",
        },
        reply: { text: "Refused one." },
      },
      { when: { system: "^# lead", anyUser: "crowd-task" }, reply: { text: "All done." } },
      {
        when: { system: "^# researcher", anyUser: "crowd-below" },
        reply: { text: "Done.", until: "crowd" },
      },
    ]);
    const supervisor = await world.start("go crowd");
    const lead = await until("the lead's words", async () => {
      const tasks = await supervisor.tasks();
      const [first] = tasks;
      if (!first) return false;
      const { report } = await supervisor.task(first.taskId).check();
      return report?.lastText === "Refused one." && first;
    });
    await untilTasks(supervisor, 4);
    const { left } = await supervisor.budget();
    expect(left.tasks).toBe(0);
    await world.model.release("crowd");
    await supervisor.task(lead.taskId).ended();
    await until("room again", async () => (await supervisor.budget()).left.tasks === 4);
    await supervisor.end();
  });
});

test("a worker that is killed between ask and answer changes nothing", async () => {
  const world = await openWorld({ env: small });
  try {
    await world.model.script("worker", [
      ...holdAndSpend("worker", "never"),
      {
        when: { system: "^# researcher", anyUser: "worker-task spends", maxAssistantTurns: 11 },
        reply: spend,
      },
      {
        when: { system: "^# researcher", anyUser: "worker-task spends" },
        reply: { text: "Spent." },
      },
    ]);
    const { workspace } = world;
    const budget = { outputTokens: 1_500 };
    const { supervisor } = await world.bosun.start({ workspace, message: "go worker", budget });
    const waiting = await waitingForBudget(supervisor);
    await world.stopWorkers();
    await supervisor.setBudget({ outputTokens: 20_000 });
    await world.startWorkers();
    const end = await supervisor.task(waiting.taskId).ended();
    expect(resultOf(end)).toMatchObject({ status: "completed", summary: "Spent." });
    await supervisor.end();
  } finally {
    await world.close();
  }
}, 60_000);
