// Waiting for tasks: each end is told once.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SupervisorHandle } from "../../client/index.ts";
import {
  type Answered,
  type Call,
  callTools,
  countIn,
  openGates,
  resultsOf,
  start,
  startTasks,
  tellCalls,
  untilTask,
} from "../support/gates.ts";
import { until, untilReply, type World } from "../support/world.ts";

let world: World;
/** One slot for the tasks of an agent. */
let narrow: World;
/** A roll after each turn. */
let rolling: World;
beforeAll(async () => {
  world = await openGates();
  narrow = await openGates({ BOSUN_MAX_RUNNING: "1" });
  rolling = await openGates({ BOSUN_ROLL_AFTER_TURNS: "1" });
});
afterAll(() => Promise.all([world.close(), narrow.close(), rolling.close()]));

interface Waited {
  readonly ended: readonly { readonly task_id: string; readonly summary: string }[];
  readonly open?: readonly string[];
  readonly timed_out?: boolean;
  readonly note?: string;
}

const wait = (ids: readonly string[], options: object = {}): Call => ({
  name: "wait_for_async_tasks",
  input: { task_ids: ids, ...options },
});
const read = ({ text }: Answered): Waited => JSON.parse(text) as Waited;

/** Until an agent's open wait is shown. */
const untilWaiting = (supervisor: SupervisorHandle) =>
  until("a waiting supervisor", async () => (await supervisor.status()).status === "waiting");

const pass = (where: World, taskId: string) => where.bosun.task(taskId).event("go");

const untilTold = (supervisor: SupervisorHandle, taskId: string) =>
  until(`${taskId} told`, async () => {
    const { messages } = await supervisor.transcript();
    return messages.some((message) => {
      const text = JSON.stringify(message);
      return text.includes("task_ended") && text.includes(taskId);
    });
  });

describe("a supervisor that waits", () => {
  test("for all gets every result in the answer, and no notice of them afterwards", async () => {
    const supervisor = await world.start();
    const ids = await startTasks(world, supervisor, [start("~gate 1"), start("~gate 2")]);
    const mark = await tellCalls(world, supervisor, [wait(ids)]);
    await untilWaiting(supervisor);
    for (const id of ids) await pass(world, id);
    const [answer] = await resultsOf(supervisor, mark);
    const { ended, open } = read(answer!);
    expect(ended.map((task) => task.task_id)).toEqual(ids);
    expect(ended[0]).toMatchObject({ status: "completed", summary: "Passed the gate." });
    expect(open).toBeUndefined();
    await until("an idle supervisor", async () => (await supervisor.status()).status === "idle");
    expect(await countIn(supervisor, "task_ended")).toBe(0);
    await supervisor.end();
  });

  test("for any goes on with the first, and is woken once by the other", async () => {
    const supervisor = await world.start();
    const [a = "", b = ""] = await startTasks(world, supervisor, [
      start("~gate 1"),
      start("~gate 2"),
    ]);
    const mark = await tellCalls(world, supervisor, [wait([a, b], { mode: "any" })]);
    await untilWaiting(supervisor);
    await pass(world, b);
    const [answer] = await resultsOf(supervisor, mark);
    expect(read(answer!)).toMatchObject({ ended: [{ task_id: b }], open: [a] });
    await pass(world, a);
    await untilTold(supervisor, a);
    expect(await countIn(supervisor, "task_ended")).toBe(1);
    await supervisor.end();
  });

  test("for tasks that have ended is answered at once, told before or not", async () => {
    const supervisor = await world.start();
    const [a = ""] = await startTasks(world, supervisor, [start("~quick a", { on_complete: "x" })]);
    await untilTold(supervisor, a);
    const [answer] = await callTools(world, supervisor, [wait([a, a])]);
    expect(read(answer!).ended).toEqual([
      expect.objectContaining({ task_id: a, summary: "Quickly done.", on_complete: "x" }),
    ]);
    expect(await countIn(supervisor, "task_ended")).toBe(1);
    await supervisor.end();
  });

  test("for one whose result is no longer kept hears what its newest attempt left", async () => {
    const own = { system: "^# researcher", anyUser: "^~twice" };
    await world.model.script("twice", [
      { when: { ...own, lastUser: "\\[retry" }, reply: { text: "Second words." } },
      { when: own, reply: { text: "First words." } },
    ]);
    const supervisor = await world.start();
    const [a = ""] = await startTasks(world, supervisor, [start("~twice")]);
    await untilTold(supervisor, a);
    await world.bosun.task(a).retry("again");
    await until("two ends", async () => (await countIn(supervisor, "task_ended")) === 2);
    const others = Array.from({ length: 21 }, (_, n) => start(`~quick ${n}`));
    await startTasks(world, supervisor, others);
    await until("all ends", async () => (await countIn(supervisor, "task_ended")) === 23);
    const [answer] = await callTools(world, supervisor, [wait([a])]);
    expect(read(answer!).ended).toMatchObject([{ task_id: a, summary: "Second words." }]);
    await supervisor.end();
  });

  test("goes on when its time is up, and hears of the end later", async () => {
    const supervisor = await world.start();
    const [a = ""] = await startTasks(world, supervisor, [start("~gate timeout")]);
    const [answer] = await callTools(world, supervisor, [wait([a], { timeout_minutes: 0.01 })]);
    expect(read(answer!)).toMatchObject({ ended: [], open: [a], timed_out: true });
    await pass(world, a);
    await untilTold(supervisor, a);
    await supervisor.end();
  });

  test("for a task that is none of its own is refused in words", async () => {
    const supervisor = await world.start();
    const [one, two] = await callTools(world, supervisor, [
      wait(["researcher-000000000000"]),
      wait([], { mode: "some" }),
    ]);
    expect(one).toMatchObject({ isError: true, text: expect.stringMatching(/You have no task/) });
    expect(two).toMatchObject({ isError: true, text: expect.stringMatching(/was not run.*mode/s) });
    await supervisor.end();
  });
});

describe.concurrent("a person who speaks to a supervisor that waits", () => {
  test("is answered at once, and each end comes as a notice, once", async () => {
    const supervisor = await world.start();
    const ids = await startTasks(world, supervisor, [start("~gate 1"), start("~gate 2")]);
    const mark = await tellCalls(world, supervisor, [wait(ids)]);
    await untilWaiting(supervisor);
    await pass(world, ids[0]!);
    await untilTask(world, ids[0]!, ({ status }) => status === "completed");
    await until("the end on the board", async () =>
      (await supervisor.feed()).entries.some(
        ({ event }) => event.type === "task" && event.phase.status === "completed",
      ),
    );
    await supervisor.send("still there?");
    const [answer] = await resultsOf(supervisor, mark);
    const { ended, open, note } = read(answer!);
    expect(ended.map((task) => task.task_id)).toEqual([ids[0]]);
    expect(open).toEqual([ids[1]]);
    expect(note).toMatch(/^Moved to the background: researcher-/);
    await pass(world, ids[1]!);
    await untilTold(supervisor, ids[1]!);
    expect(await countIn(supervisor, "task_ended")).toBe(1);
    await supervisor.end();
  });

  test("leaves the time of the wait running: a notice tells when it is up", async () => {
    const supervisor = await world.start();
    const [a = ""] = await startTasks(world, supervisor, [start("~gate time")]);
    const mark = await tellCalls(world, supervisor, [wait([a], { timeout_minutes: 0.15 })]);
    await untilWaiting(supervisor);
    await supervisor.send("still there?");
    const [answer] = await resultsOf(supervisor, mark);
    expect(read(answer!).note).toMatch(/A notice tells when the time is up/);
    await until("the notice", async () => (await countIn(supervisor, "wait_timed_out")) === 1);
    await supervisor.end();
  });

  test("in the moment of the end hears the end once in all", async () => {
    const supervisor = await world.start();
    for (let round = 0; round < 2; round += 1) {
      const [a = ""] = await startTasks(world, supervisor, [start(`~gate race ${round}`)]);
      const mark = await tellCalls(world, supervisor, [wait([a])]);
      await untilWaiting(supervisor);
      await Promise.all([pass(world, a), supervisor.send(`and now? ${round}`)]);
      const [answer] = await resultsOf(supervisor, mark);
      if (read(answer!).ended.length === 0) await untilTold(supervisor, a);
      await until("an idle supervisor", async () => (await supervisor.status()).status === "idle");
      expect(await countIn(supervisor, `\\"task_id\\":\\"${a}\\",\\"agent\\"`)).toBe(
        // The answer of its start names it in the same way.
        2,
      );
    }
    await supervisor.end();
  });
});

test("a roll that is due moves the wait to the background, and its time is absolute", async () => {
  const supervisor = await rolling.start();
  const [a = ""] = await startTasks(rolling, supervisor, [start("~gate rolling")]);
  const before = Date.now();
  const [answer] = await callTools(rolling, supervisor, [wait([a], { timeout_minutes: 0.05 })]);
  expect(read(answer!)).toMatchObject({ open: [a] });
  expect(read(answer!).note).toMatch(/^Moved to the background/);
  await until("the notice", async () => (await countIn(supervisor, "wait_timed_out")) === 1);
  expect(Date.now() - before).toBeGreaterThan(2_900);
  await pass(rolling, a);
  await untilTold(supervisor, a);
  await supervisor.end();
});

/** A lead that starts a gated task and waits for it, with whatever else it calls in that turn. */
async function startLead(where: World, name: string, beside: readonly Call[] = []) {
  const own = { system: "^# lead", anyUser: `^${name}$` };
  await where.model.script(`${where.installation}-${name}`, [
    {
      when: { ...own, assistantTurns: 0 },
      reply: { toolCalls: [start(`~gate below ${name}`)] },
    },
    {
      when: { ...own, assistantTurns: 1 },
      reply: { toolCalls: [wait(["{{json:start_async_task:task_id}}"]), ...beside] },
    },
    { when: own, reply: { text: "Lead: {{toolResult:wait_for_async_tasks}}" } },
  ]);
  const supervisor = await where.start();
  const [lead = ""] = await startTasks(where, supervisor, [start(name, { subagent_type: "lead" })]);
  const below = await until("the task below", async () =>
    (await supervisor.tasks()).find(({ parentId }) => parentId === lead),
  );
  return { supervisor, lead, below: below.taskId };
}

describe("a task that waits for its own", () => {
  test("gives its slot back meanwhile, and goes on when it has one again", async () => {
    const { supervisor, lead, below } = await startLead(narrow, "lead-slot");
    const waiting = await untilTask(narrow, lead, ({ waitingOn }) => waitingOn.includes("tasks"));
    expect(waiting.why).toBe(`It waits for all of: ${below}.`);
    const [other = ""] = await startTasks(narrow, supervisor, [start("~slow other")]);
    await untilTask(narrow, other, ({ status }) => status === "running");
    await pass(narrow, below);
    await untilTask(narrow, lead, ({ waitingOn }) => waitingOn.includes("slot"));
    await narrow.bosun.task(other).cancel("");
    const end = await narrow.bosun.task(lead).ended();
    expect(end).toMatchObject({ status: "completed" });
    expect(end.result?.summary).toContain("Passed the gate.");
    expect(await countIn(narrow.bosun.task(lead), "task_ended")).toBe(0);
    await supervisor.end();
  });

  test("while another call of the turn runs keeps its slot until that is done", async () => {
    const file = { name: "write_file", input: { path: "artifacts/beside.md", content: "x\n" } };
    const { supervisor, lead, below } = await startLead(narrow, "lead-beside", [file]);
    await untilTask(narrow, lead, ({ waitingOn }) => waitingOn.includes("tasks"));
    await pass(narrow, below);
    expect(await narrow.bosun.task(lead).ended()).toMatchObject({
      status: "completed",
      result: { artifacts: ["artifacts/beside.md"] },
    });
    await supervisor.end();
  });

  test("is called away by a note, and settles only when they have ended", async () => {
    const { supervisor, lead, below } = await startLead(world, "lead-note");
    await untilTask(world, lead, ({ waitingOn }) => waitingOn.includes("tasks"));
    const sent = await world.bosun.task(lead).steer("hurry up", "next_step");
    expect(await sent.receipt()).toMatchObject({ turn: 3 });
    await until("an answer", async () => (await world.bosun.task(lead).view()).turn === 3);
    await untilTask(world, lead, ({ waitingOn }) => waitingOn.includes("tasks"));
    await pass(world, below);
    expect(await world.bosun.task(lead).ended()).toMatchObject({ status: "completed", turn: 4 });
    expect(await countIn(world.bosun.task(lead), "task_ended")).toBe(1);
    await supervisor.end();
  });

  test("goes on over rolls without asking again and again", async () => {
    const { supervisor, lead, below } = await startLead(rolling, "lead-roll");
    await until("an answer", async () => (await rolling.bosun.task(lead).view()).turn === 3);
    await untilTask(rolling, lead, ({ waitingOn }) => waitingOn.includes("tasks"));
    await pass(rolling, below);
    const end = await rolling.bosun.task(lead).ended();
    expect(end).toMatchObject({ status: "completed", turn: 4 });
    await supervisor.end();
  });

  test("is cancelled with them", async () => {
    const { supervisor, lead, below } = await startLead(world, "lead-cancel");
    await untilTask(world, lead, ({ waitingOn }) => waitingOn.includes("tasks"));
    await world.bosun.task(lead).cancel("enough");
    expect(await world.bosun.task(lead).ended()).toMatchObject({ status: "cancelled" });
    expect(await world.bosun.task(below).view()).toMatchObject({ status: "cancelled" });
    await supervisor.end();
  });
});

test("a sync task may depend on others and waits for both", async () => {
  const supervisor = await world.start();
  const [a = ""] = await startTasks(world, supervisor, [start("~gate sync")]);
  const call = { ...start("~quick sync", { depends_on: [a] }), name: "task" };
  const mark = await tellCalls(world, supervisor, [call]);
  await untilTask(world, a, ({ waitingOn }) => waitingOn.includes("event"));
  await pass(world, a);
  const [answer] = await resultsOf(supervisor, mark);
  expect(JSON.parse(answer!.text)).toMatchObject({
    status: "completed",
    summary: "Quickly done.",
  });
  await untilReply(supervisor, "Done");
  await supervisor.end();
});
