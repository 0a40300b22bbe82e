// Two controls of a person that meet on the same task.
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SupervisorHandle, TaskView } from "../../client/index.ts";
import { sumUsage } from "../../client/budgets.ts";
import { retrySignal } from "../../protocol/messages.ts";
import type { Usage } from "../../protocol/turn.ts";
import { countIn, openGates, start, startTasks, untilTask } from "../support/gates.ts";
import { addLeadAgent, untilTasks } from "../support/lead-agent.ts";
import { handOut, resultOf, spend, withoutBudget } from "../support/spending.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openGates({ BOSUN_CLOSING_TOKENS: "100", BOSUN_MAX_TOKENS: "400" });
  await addLeadAgent(world.workspace);
});
afterAll(() => world.close());

/** How often a task's own model was called. */
const callsOf = async (mark: string): Promise<number> =>
  (await world.model.journal(`${mark}-task`)).filter(({ request }) =>
    JSON.stringify(request.system).includes("# researcher"),
  ).length;

const isPoor = ({ waitingOn }: TaskView): boolean => waitingOn.join() === "budget";

/** What a tree has spent, once no lease is open and every agent's part is counted, and nothing else. */
async function untilSettled(supervisor: SupervisorHandle): Promise<Usage> {
  let seen: object = {};
  return await until("a settled account", async () => {
    const { leases, spent } = await supervisor.budget();
    const { usage } = sumUsage([await supervisor.status()], await supervisor.tasks());
    seen = { leases, spent: spent.usage, usage };
    return leases.length === 0 && isDeepStrictEqual(spent.usage, usage) && usage;
  }).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(seen)}`);
  });
}

describe("a task that is paused", () => {
  test("beyond its deadline has its time after it, and what it waits for counts", async () => {
    const supervisor = await world.start();
    const options = { deadline_minutes: 10 / 60 };
    const [id = ""] = await startTasks(world, supervisor, [start("~gate paused", options)]);
    const task = world.bosun.task(id);
    await untilTask(world, id, ({ waitingOn }) => waitingOn.includes("event"));
    await task.pause();
    const { deadlineAt } = await untilTask(world, id, ({ pausedAt }) => pausedAt !== undefined);
    await sleep(Math.max(3_500, Date.parse(String(deadlineAt)) + 500 - Date.now()));
    expect((await task.view()).endedAt).toBe(null);
    // Taken while it is paused, read after it.
    await task.event("go");
    await untilTask(world, id, ({ waitingOn }) => waitingOn.includes("paused"));
    await task.resume();
    expect(await task.ended()).toMatchObject({ status: "completed" });
    expect(Date.parse(String((await task.view()).deadlineAt))).toBeGreaterThan(
      Date.parse(String(deadlineAt)) + 3_000,
    );
    await supervisor.end();
  });

  test("takes a note for now, another model and more turns without a call, and goes on with all of them", async () => {
    const mark = "co-three";
    await world.model.script(mark, [
      ...handOut(mark, { budget: { turns: 3 } }),
      {
        when: { system: "^# researcher", anyUser: `${mark}-task`, lastUser: "\\[note" },
        reply: { toolCalls: [{ name: "list_files" }] },
      },
      {
        when: { system: "^# researcher", anyUser: `${mark}-task`, maxAssistantTurns: 4 },
        reply: { toolCalls: [{ name: "list_files" }], until: mark },
      },
      { when: { system: "^# researcher", anyUser: `${mark}-task` }, reply: { text: "All." } },
    ]);
    const supervisor = await world.start(`go ${mark}`);
    const view = await until("the task", async () => (await supervisor.tasks())[0]);
    const task = world.bosun.task(view.taskId);
    await until("its call", async () => (await callsOf(mark)) === 1);
    await task.pause();
    await world.model.release(mark);
    await untilTask(world, view.taskId, ({ waitingOn }) => waitingOn.includes("paused"));
    const { turn } = await task.view();
    const note = await task.steer("look here", "now");
    await task.set({ model: "sonnet" });
    await task.setBudget({ turns: 9 });
    await sleep(500);
    expect(await callsOf(mark)).toBe(1);
    await task.resume();
    expect((await note.receipt()).turn).toBe(turn + 1);
    expect(await task.ended()).toMatchObject({ status: "completed", result: { summary: "All." } });
    expect((await task.transcript()).header?.model).toBe("claude-sonnet-5-5");
    await supervisor.end();
  });

  test("while it waits for budget works again, and says so, when there is some and it goes on", async () => {
    const mark = "co-poor";
    const begin = (description: string) => start(`${mark}-task ${description}`);
    await world.model.script(mark, [
      {
        when: { system: "^# supervisor", lastUser: `^go ${mark}` },
        reply: { toolCalls: [begin("holds"), begin("spends")] },
      },
      { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
      {
        when: { system: "^# researcher", anyUser: `${mark}-task holds` },
        reply: { text: "Held.", until: "the end" },
      },
      {
        when: { system: "^# researcher", anyUser: `${mark}-task spends`, lastUser: "\\[note" },
        reply: { text: "Spent.", until: mark },
      },
      { when: { system: "^# researcher", anyUser: `${mark}-task spends` }, reply: spend },
    ]);
    const { workspace } = world;
    const budget = { outputTokens: 1_500 };
    const { supervisor } = await world.bosun.start({ workspace, message: `go ${mark}`, budget });
    await untilReply(supervisor, "Heard");
    const { taskId } = await withoutBudget(world, supervisor);
    const task = world.bosun.task(taskId);
    await task.pause();
    const note = await task.steer("that is enough");
    await untilTask(world, taskId, ({ waitingOn }) => waitingOn.includes("paused"));
    await task.resume();
    // Nothing has come: it waits for budget as before, and not for a person.
    await untilTask(world, taskId, isPoor);
    await task.pause();
    await task.steer("really");
    await untilTask(world, taskId, ({ waitingOn }) => waitingOn.includes("paused"));
    await supervisor.setBudget({ outputTokens: 20_000 });
    await until("more", async () => ((await task.budget()).left.outputTokens ?? 0) > 400);
    await task.resume();
    await note.receipt();
    const seen = await until("its call", async () => {
      const { live, view } = await task.look();
      return live && view;
    });
    expect(seen.status).toBe("running");
    await world.model.release(mark);
    expect((await task.ended()).result?.summary).toBe("Spent.");
    await supervisor.end();
  });

  test("or whose supervisor is paused, begins after what it depends on only when that goes on", async () => {
    const supervisor = await world.start();
    const [gate = ""] = await startTasks(world, supervisor, [start("~gate first")]);
    const [next = ""] = await startTasks(world, supervisor, [
      start("~quick next", { depends_on: [gate] }),
    ]);
    await untilTask(world, gate, ({ waitingOn }) => waitingOn.includes("event"));
    await supervisor.pause();
    await untilTask(world, gate, ({ pausedAt }) => pausedAt !== undefined);
    await world.bosun.task(gate).resume();
    await world.bosun.task(gate).event("go");
    await world.bosun.task(gate).ended();
    await sleep(500);
    expect((await world.bosun.task(next).view()).status).toBe("queued");
    await supervisor.resume();
    expect((await world.bosun.task(next).ended()).status).toBe("completed");
    expect(await countIn(world.bosun.task(next), "dependency_results")).toBe(1);
    await supervisor.end();
  });
});

describe("a budget", () => {
  test("that is used up: a note for now during the closing words is answered by them, once", async () => {
    const mark = "co-close";
    const own = { system: "^# researcher", anyUser: `${mark}-task` };
    await world.model.script(mark, [
      ...handOut(mark, { budget: { turns: 2 } }),
      { when: { ...own, mayCallTools: false, anyUser: "hear me" }, reply: { text: "Heard you." } },
      { when: { ...own, mayCallTools: false }, reply: { text: "Closing.", until: "the end" } },
      { when: own, reply: spend },
    ]);
    const supervisor = await world.start(`go ${mark}`);
    const view = await until("the closing call", async () => {
      const [task] = await supervisor.tasks();
      return task?.turn === 1 && (await world.bosun.task(task.taskId).look()).live && task;
    });
    const note = await world.bosun.task(view.taskId).steer("hear me", "now");
    const end = await world.bosun.task(view.taskId).ended();
    expect(resultOf(end)).toMatchObject({
      status: "failed",
      reason: "budget",
      summary: "Heard you.",
    });
    expect(end.result).toMatchObject({ unseen: [] });
    expect(await note.receipt()).toMatchObject({ turn: 2 });
    expect(end.turn).toBe(2);
    await supervisor.end();
  });

  test("comes back whole from a tree that is cancelled while each level holds some", async () => {
    const mark = "co-tree";
    await world.model.script(mark, [
      ...handOut(mark, {}, "lead"),
      {
        when: { system: "^# lead", anyUser: `${mark}-task`, assistantTurns: 0 },
        reply: { toolCalls: [start(`${mark}-below one`), start(`${mark}-below two`)] },
      },
      { when: { system: "^# lead", anyUser: `${mark}-task` }, reply: { text: "Leading." } },
      {
        when: { system: "^# researcher", anyUser: `${mark}-below`, assistantTurns: 0 },
        reply: spend,
      },
      {
        when: { system: "^# researcher", anyUser: `${mark}-below` },
        reply: { text: "Never.", until: "the end" },
      },
    ]);
    const supervisor = await world.start(`go ${mark}`);
    const tasks = await until("all at work", async () => {
      const all = await supervisor.tasks();
      return all.length === 3 && all.every(({ turn }) => turn > 0) && all;
    });
    const lead = tasks.find(({ agent }) => agent === "lead");
    await world.bosun.task(lead!.taskId).cancel("enough");
    await untilReply(supervisor, "^Ended: cancelled");
    expect((await untilSettled(supervisor)).outputTokens).toBeGreaterThan(0);
    await supervisor.end();
  });

  test("of a tree is no larger for tasks that are tried again and again", async () => {
    const mark = "co-again";
    await world.model.script(mark, [
      ...handOut(mark, { budget: { output_tokens: 500 } }),
      { when: { system: "^# researcher", anyUser: `${mark}-task` }, reply: spend },
    ]);
    const { workspace } = world;
    const budget = { outputTokens: 1_500 };
    const { supervisor } = await world.bosun.start({ workspace, message: `go ${mark}`, budget });
    const view = await until("the task", async () => (await supervisor.tasks())[0]);
    const task = world.bosun.task(view.taskId);
    let attempts = 0;
    const refused = await until("a refusal", async () => {
      expect((await task.ended()).reason).toBe("budget");
      attempts += 1;
      return await task.retry("go on").then(
        () => undefined,
        (error: Error) => error,
      );
    });
    expect(refused.message).toMatch(/budget of this conversation is used up.*bosun budget/);
    expect((await untilSettled(supervisor)).outputTokens).toBeLessThanOrEqual(1_500);
    expect(attempts).toBeGreaterThan(1);
    await supervisor.setBudget({ outputTokens: 9_000 });
    expect(await task.retry("go on")).toMatchObject({ attempt: attempts + 1 });
    await task.ended();
    await supervisor.end();
  });

  test("is asked for, and had, while its supervisor waits in the call that started the task", async () => {
    const mark = "co-sync";
    await world.model.script(mark, [
      {
        when: { system: "^# supervisor", lastUser: `^go ${mark}` },
        reply: {
          toolCalls: [
            { name: "task", input: { description: `${mark}-task`, subagent_type: "researcher" } },
          ],
        },
      },
      {
        when: { system: "^# supervisor", anyUser: `go ${mark}` },
        reply: { text: "Done: {{toolResult:task}}" },
      },
      {
        when: { system: "^# researcher", anyUser: `${mark}-task`, maxAssistantTurns: 9 },
        reply: spend,
      },
      { when: { system: "^# researcher", anyUser: `${mark}-task` }, reply: { text: "Spent." } },
    ]);
    const { workspace } = world;
    const budget = { outputTokens: 4_000 };
    const { supervisor } = await world.bosun.start({ workspace, message: `go ${mark}`, budget });
    expect(await untilReply(supervisor, "^Done")).toMatch(/completed[^]*Spent\./);
    await supervisor.end();
  });
});

test("a new attempt that is asked for in the moment of a cancel or a note is reached by both", async () => {
  const away = await openWorld({ workers: false });
  try {
    await away.startWorkers({ BOSUN_ROLES: "models,tools" });
    const first = await away.startWorkers({ BOSUN_ROLES: "workflows" });
    const mark = "co-moment";
    const id = "{{json:start_async_task:task_id}}";
    await away.model.script(mark, [
      {
        when: { system: "^# supervisor", lastUser: `^both ${mark}` },
        reply: {
          until: mark,
          toolCalls: [
            { name: "update_async_task", input: { task_id: id, message: "look here" } },
            { name: "cancel_async_task", input: { task_id: id } },
          ],
        },
      },
      ...handOut(mark, {}),
      {
        when: { system: "^# researcher", anyUser: `${mark}-task` },
        reply: { text: "Said." },
      },
    ]);
    const supervisor = await away.start(`go ${mark}`);
    await untilReply(supervisor, "^Ended");
    const [view] = await untilTasks(supervisor, 1);
    await supervisor.send(`both ${mark}`);
    await until("the call", async () => (await away.model.journal(`both ${mark}`)).length > 0);
    first.stop();
    await first.done;
    const handle = away.bosun.client.workflow.getHandle(supervisor.id);
    await handle.signal(retrySignal, { retryId: "r-1", taskId: view!.taskId, message: "again" });
    await away.model.release(mark);
    await until("its answer on record", async () => {
      const { pendingActivities = [] } = (await handle.describe()).raw;
      return !pendingActivities?.some(({ activityType }) => activityType?.name === "callModel");
    });
    await away.startWorkers({ BOSUN_ROLES: "workflows" });
    const end = await until("the end", async () => {
      const now = await supervisor.task(view!.taskId).view();
      return now.attempt === 2 && now.endedAt !== null && now;
    });
    expect(end.status).toBe("cancelled");
    const said = JSON.stringify((await supervisor.transcript()).messages);
    expect(said).toMatch(/status[^a-z]+sent/);
    expect(said).toMatch(/status[^a-z]+cancelling/);
    await supervisor.end();
  } finally {
    await away.close();
  }
});
