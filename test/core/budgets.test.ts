// What may be spent is looked at before each model call.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SupervisorHandle, TaskView } from "../../client/index.ts";
import { startCall, untilTasks } from "../support/lead-agent.ts";
import { addAgent } from "../support/add-agent.ts";
import {
  handOut,
  holdAndSpend,
  resultOf,
  spend,
  usageOf,
  waitingForBudget,
  withoutBudget,
} from "../support/spending.ts";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld({ env: { BOSUN_CLOSING_TOKENS: "100", BOSUN_MAX_TOKENS: "400" } });
  await addAgent(world, "lead", "tools: list_files\ndelegate: true");
  await addAgent(world, "thrifty", "tools: list_files\nbudget:\n  outputTokens: 900");
});
afterAll(() => world.close());

const isNested = { system: "^# (researcher|lead|thrifty)" };

async function ended(supervisor: SupervisorHandle, count = 1): Promise<readonly TaskView[]> {
  return await until("the end of all tasks", async () => {
    const tasks = await supervisor.tasks();
    return tasks.length === count && tasks.every((task) => task.endedAt !== null) && tasks;
  });
}

/** A supervisor whose tree may write so much. */
async function startWith(outputTokens: number, message: string): Promise<SupervisorHandle> {
  const given = { workspace: world.workspace, message, budget: { outputTokens } };
  return (await world.bosun.start(given)).supervisor;
}

async function requestsOf(mark: string) {
  const entries = await world.model.journal(mark);
  return entries.map(({ n, request, outcome }) => ({
    n,
    ...(request as typeof request & { max_tokens: number; tool_choice?: object; tools?: object[] }),
    status: outcome.status,
  }));
}

/** Three leads that hand out two tasks each, and all go on for ever. */
const tree = (mark: string) => [
  {
    when: { system: "^# supervisor", lastUser: `^go ${mark}` },
    reply: { toolCalls: [1, 2, 3].map((n) => startCall(`${mark}-task ${n}`, "lead")) },
  },
  {
    when: { system: "^# lead", anyUser: `${mark}-task`, assistantTurns: 0 },
    reply: {
      text: "On it.",
      toolCalls: [1, 2].map((n) => startCall(`${mark}-task below ${n}`)),
    },
  },
  {
    when: { ...isNested, anyUser: `${mark}-task`, mayCallTools: false },
    reply: { text: "What I have." },
  },
  { when: { ...isNested, anyUser: `${mark}-task` }, reply: spend },
  { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
];

describe("a task with a budget of its own", () => {
  test("makes one closing call when it is used up, with its tools still declared, and ends as partial", async () => {
    await world.model.script("own", [
      ...handOut("own", { budget: { output_tokens: 900 } }),
      {
        when: { ...isNested, anyUser: "own-task", mayCallTools: false },
        reply: { text: "What I have." },
      },
      { when: { ...isNested, anyUser: "own-task" }, reply: spend },
    ]);
    const supervisor = await world.start("go own");
    expect(await untilReply(supervisor, "^Ended")).toBe("Ended: failed, What I have.");
    const [task] = await ended(supervisor);
    expect(resultOf(task)).toEqual({
      status: "failed",
      reason: "budget",
      summary: "What I have.",
      partial: true,
    });
    expect(task?.result?.notDone).toContain(`a new attempt (bosun retry ${task?.taskId})`);
    const told = await untilFeed(
      supervisor,
      ({ event }) => event.type === "task" && event.phase.status === "failed",
    );
    expect(told.event).toMatchObject({ text: expect.stringContaining("The budget is used up") });
    expect(task!.usage.outputTokens).toBeLessThanOrEqual(900);
    const calls = (await requestsOf("own-task")).filter(({ system }) =>
      JSON.stringify(system).includes("# researcher"),
    );
    expect(calls).toHaveLength(task!.usage.calls);
    const last = calls.at(-1);
    expect(last).toMatchObject({ tool_choice: { type: "none" } });
    expect(last?.tools).toEqual(calls[0]?.tools);
    expect(calls.filter((call) => call.tool_choice)).toHaveLength(1);
    await supervisor.end();
  });

  test("by its agent's file closes in the same way", async () => {
    await world.model.script("file", [
      ...handOut("file", {}, "thrifty"),
      {
        when: { ...isNested, anyUser: "file-task", mayCallTools: false },
        reply: { text: "Thrifty." },
      },
      { when: { ...isNested, anyUser: "file-task" }, reply: spend },
    ]);
    const supervisor = await world.start("go file");
    const [task] = await ended(supervisor);
    expect(resultOf(task)).toMatchObject({ reason: "budget", summary: "Thrifty." });
    expect(task!.usage.outputTokens).toBeLessThanOrEqual(900);
    await supervisor.end();
  });

  test("of turns keeps one for the closing call", async () => {
    await world.model.script("few", [
      ...handOut("few", { budget: { turns: 3 } }),
      {
        when: { ...isNested, anyUser: "few-task", mayCallTools: false },
        reply: { text: "Three turns." },
      },
      { when: { ...isNested, anyUser: "few-task" }, reply: spend },
    ]);
    const supervisor = await world.start("go few");
    const [task] = await ended(supervisor);
    expect(resultOf(task)).toMatchObject({ reason: "budget", summary: "Three turns." });
    expect(task?.turn).toBe(3);
    await supervisor.end();
  });

  test("goes on when it is raised during the closing call", async () => {
    await world.model.script("raised", [
      ...handOut("raised", { budget: { output_tokens: 900 } }),
      {
        when: { ...isNested, anyUser: "raised-task", mayCallTools: false },
        reply: { text: "Closing.", until: "raised" },
      },
      {
        when: { ...isNested, anyUser: "raised-task", lastUser: "budget_raised" },
        reply: { text: "All of it." },
      },
      { when: { ...isNested, anyUser: "raised-task" }, reply: spend },
    ]);
    const supervisor = await world.start("go raised");
    await until("the closing call", async () =>
      (await requestsOf("raised-task")).some((call) => call.tool_choice),
    );
    const [task] = await untilTasks(supervisor, 1);
    await supervisor.task(task!.taskId).setBudget({ outputTokens: 5_000 });
    await world.model.release("raised");
    expect(await untilReply(supervisor, "^Ended")).toBe("Ended: completed, All of it.");
    await supervisor.end();
  });
});

describe("the budget of a tree", () => {
  test("is never exceeded: no call starts that could, on any level, and every task ends", async () => {
    const outputTokens = 9_000;
    await world.model.script("tree", tree("tree"));
    const supervisor = await startWith(outputTokens, "go tree");
    const tasks = await ended(supervisor, 9);
    // Every call that was made is counted, those of the supervisor too. It may still be reading of the ends.
    const { all, report } = await until("all calls counted", async () => {
      const spending = await supervisor.budget();
      const usage = usageOf([await supervisor.status(), ...tasks]);
      const calls = [...(await requestsOf("tree-task")), ...(await requestsOf("go tree"))];
      const made = new Set(calls.map(({ n }) => n)).size;
      const isAll = made === usage.calls && spending.spent.usage.calls === made;
      return isAll && { all: usage, report: spending };
    });
    expect(all.outputTokens).toBeLessThanOrEqual(outputTokens);
    expect(tasks.map(({ reason }) => reason)).toEqual(tasks.map(() => "budget"));
    expect(report.leases).toEqual([]);
    expect(report.spent.usage.outputTokens).toBe(all.outputTokens);
    await supervisor.end();
  }, 60_000);

  test("that is raised while tasks wait for it lets them go on", async () => {
    await world.model.script("wait", [
      ...holdAndSpend("wait", "never"),
      {
        when: { system: "^# researcher", anyUser: "wait-task spends", maxAssistantTurns: 11 },
        reply: spend,
      },
      {
        when: { system: "^# researcher", anyUser: "wait-task spends" },
        reply: { text: "Spent." },
      },
    ]);
    const supervisor = await startWith(1_500, "go wait");
    const waiting = await waitingForBudget(supervisor);
    expect(waiting.description).toBe("wait-task spends");
    expect(waiting.why).toContain(`Raise it with: bosun budget ${supervisor.id} --tokens N`);
    await supervisor.setBudget({ outputTokens: 20_000 });
    const done = await until("its end", async () => {
      const view = await supervisor.task(waiting.taskId).view();
      return view.endedAt !== null && view;
    });
    expect(resultOf(done)).toMatchObject({ status: "completed", summary: "Spent." });
    await supervisor.end();
  });

  test("comes back when a task ends, and the one that waits for it goes on", async () => {
    await world.model.script("back", [
      ...holdAndSpend("back", "back"),
      {
        when: { system: "^# researcher", anyUser: "back-task spends", maxAssistantTurns: 12 },
        reply: spend,
      },
      {
        when: { system: "^# researcher", anyUser: "back-task spends", mayCallTools: true },
        reply: { text: "Spent." },
      },
    ]);
    const supervisor = await startWith(2_100, "go back");
    await withoutBudget(world, supervisor);
    await world.model.release("back");
    const tasks = await ended(supervisor, 2);
    const summaries = new Set(tasks.map(({ result }) => result?.summary));
    expect(summaries).toEqual(new Set(["Held.", "Spent."]));
    await supervisor.end();
  });

  test("that is used up is said in the reply, and raising it answers what was asked", async () => {
    await world.model.script("poor", [
      { when: { system: "^# supervisor", lastUser: "^poor two" }, reply: { text: "Two." } },
    ]);
    const supervisor = await startWith(1, "poor one");
    const said = await untilReply(supervisor, "budget is used up");
    expect(said).toContain(`bosun budget ${supervisor.id} --tokens N`);
    const { id } = await supervisor.send("poor two");
    await untilFeed(
      supervisor,
      ({ event }) => event.type === "reply" && event.answers.includes(id),
    );
    await supervisor.setBudget({ outputTokens: 5_000 });
    await untilReply(supervisor, "Two");
    await supervisor.end();
  });
});

/** `temporal workflow reset`: back to the last step that was taken. */
async function reset(workflowId: string): Promise<void> {
  const { workflow, workflowService } = world.bosun.client;
  const { events } = await workflow.getHandle(workflowId).fetchHistory();
  const last = events?.findLast((event) => event.workflowTaskCompletedEventAttributes);
  await workflowService.resetWorkflowExecution({
    namespace: "default",
    workflowExecution: { workflowId },
    workflowTaskFinishEventId: last!.eventId!,
    requestId: randomUUID(),
    reason: "a test",
  });
}

describe("a task that has a lease", () => {
  test("and is terminated counts with all of it until what it spent is read", async () => {
    await world.model.script("killed", [
      ...handOut("killed", {}),
      { when: { ...isNested, anyUser: "killed-task", assistantTurns: 0 }, reply: spend },
      { when: { ...isNested, anyUser: "killed-task" }, reply: { text: "Late.", until: "never" } },
    ]);
    const supervisor = await world.start("go killed");
    const task = await until("its second call", async () =>
      (await supervisor.tasks()).find(({ turn }) => turn === 1),
    );
    const before = await supervisor.budget();
    expect(before.leases).toHaveLength(1);
    await world.bosun.client.workflow.getHandle(task.taskId).terminate("for a test");
    const after = await until("its lease settled", async () => {
      const report = await supervisor.budget();
      return report.leases.length === 0 && report;
    });
    const tokens = (await supervisor.task(task.taskId).view()).usage.outputTokens;
    expect(tokens).toBeGreaterThan(0);
    const { usage } = after.spent;
    expect(usage.outputTokens).toBe(after.own.usage.outputTokens + tokens);
    expect(after.left.outputTokens).toBe(2_000_000 - usage.outputTokens);
    await supervisor.end();
  });

  test("and is terminated counts a task below it once, though that was reset", async () => {
    const below = { system: "^# researcher", anyUser: "again-task below" };
    await world.model.script("again", [
      ...handOut("again", {}, "lead"),
      {
        when: { system: "^# lead", anyUser: "again-task", assistantTurns: 0 },
        reply: { toolCalls: [startCall("again-task below")] },
      },
      { when: { system: "^# lead", anyUser: "again-task" }, reply: { text: "Waiting." } },
      { when: { ...below, assistantTurns: 0 }, reply: spend },
      { when: below, reply: { text: "Late.", until: "never" } },
    ]);
    const supervisor = await world.start("go again");
    const [lead, task] = await until("its second call", async () => {
      const tasks = await supervisor.tasks();
      const isThere = tasks.length === 2 && tasks[1]?.turn === 1;
      return isThere && tasks.map(({ taskId }) => supervisor.task(taskId));
    });
    await reset(task!.id);
    const { workflow } = world.bosun.client;
    const runs = `ParentWorkflowId = '${lead!.id}' AND ExecutionStatus != 'ContinuedAsNew'`;
    await until("two runs", async () => (await workflow.count(runs)).count === 2);
    await until("its second call again", async () => (await task!.view()).turn === 1);
    for (const { id } of [lead!, task!]) await workflow.getHandle(id).terminate("for a test");
    const { spent, own } = await until("its lease settled", async () => {
      const report = await supervisor.budget();
      return report.leases.length === 0 && report;
    });
    const used = usageOf([own, await lead!.view(), await task!.view()]);
    expect((await task!.view()).usage.outputTokens).toBeGreaterThan(0);
    expect(spent.usage.outputTokens).toBe(used.outputTokens);
    await supervisor.end();
  });

  test("and is cancelled while it waits for more ends at once, and its lease comes back", async () => {
    await world.model.script("halted", [
      ...holdAndSpend("halted", "never"),
      { when: { system: "^# researcher", anyUser: "halted-task spends" }, reply: spend },
    ]);
    const supervisor = await startWith(1_500, "go halted");
    const waiting = await waitingForBudget(supervisor);
    const { leases } = await supervisor.budget();
    expect(leases).toHaveLength(2);
    await supervisor.task(waiting.taskId).cancel("enough");
    const view = await supervisor.task(waiting.taskId).ended();
    expect(view).toMatchObject({ status: "cancelled", result: { notDone: "enough" } });
    const report = await until("its lease settled", async () => {
      const now = await supervisor.budget();
      return now.leases.length === 1 && now;
    });
    const own = report.own.usage.outputTokens;
    expect(report.spent.usage.outputTokens).toBe(own + view.usage.outputTokens);
    await supervisor.end();
  });
});
