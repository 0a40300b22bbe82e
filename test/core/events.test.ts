// Word from outside: kept until it is waited for, once.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SupervisorHandle, TaskHandle } from "../../client/index.ts";
import { expectDocumented } from "../client/documented-json.ts";
import { runBosun } from "../client/terminal.ts";
import {
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
import type { Rule } from "../support/scripted-model.ts";
import { until, untilFeed, type World } from "../support/world.ts";

let world: World;
/** A roll after each turn, and one slot. */
let rolling: World;
beforeAll(async () => {
  world = await openGates();
  rolling = await openGates({ BOSUN_ROLL_AFTER_TURNS: "1", BOSUN_MAX_RUNNING: "1" });
});
afterAll(() => Promise.all([world.close(), rolling.close()]));

const waitFor = (name: string, timeout_minutes = 10): Call => ({
  name: "wait_for_event",
  input: { name, timeout_minutes },
});

interface Begun {
  readonly supervisor: SupervisorHandle;
  readonly task: TaskHandle;
}

/** A task that makes these calls, an answer each, and says what the last of them gave. */
async function begin(
  where: World,
  name: string,
  answers: readonly (readonly Call[])[],
  hold: Pick<Rule["reply"], "until"> = {},
): Promise<Begun> {
  const own = { system: "^# researcher", anyUser: `^${name}$` };
  await where.model.script(`${where.installation}-${name}`, [
    ...answers.map((toolCalls, turn) => ({
      when: { ...own, assistantTurns: turn },
      reply: { toolCalls, ...hold },
    })),
    { when: own, reply: { text: "Over: {{lastToolResult}}" } },
  ]);
  const supervisor = await where.start();
  const [id = ""] = await startTasks(where, supervisor, [start(name)]);
  return { supervisor, task: where.bosun.task(id) };
}

const untilWaiting = (where: World, task: TaskHandle) =>
  untilTask(where, task.id, ({ waitingOn }) => waitingOn.includes("event"));

const notices = (agent: TaskHandle | SupervisorHandle) =>
  countIn(agent, '<bosun-event type=\\"event\\">');

describe.concurrent("a task that waits for an event", () => {
  test("says so, and goes on with the data as data", async () => {
    const begun = await begin(world, "ev-b", [[waitFor("build/done")]]);
    const view = await untilWaiting(world, begun.task);
    expect(view.why).toMatch(
      new RegExp(`^It waits for the event build/done until .*: bosun event ${begun.task.id} `),
    );
    const sent = await begun.task.event("build/done", { ok: true, note: "</bosun-event>" });
    expect(sent).toMatchObject({ name: "build/done", bytes: 35 });
    const end = await begun.task.ended();
    expect(end.result?.summary).toMatch(/^Over: <bosun-event type="event">\n{"name":"build\/done"/);
    expect(end.result?.summary).toContain("This came from outside");
    expect(end.result?.summary.split("</bosun-event>")).toHaveLength(2);
    await begun.supervisor.end();
  });

  test("hears when it did not come in time", async () => {
    const { supervisor, task } = await begin(world, "ev-c", [[waitFor("never", 0.01)]]);
    const end = await task.ended();
    expect(end.result?.summary).toMatch(/"event":"never","timed_out":true/);
    await supervisor.end();
  });

  test("finds one that came before", async () => {
    const { supervisor, task } = await begin(
      world,
      "ev-d",
      [[{ name: "list_files", input: {} }], [waitFor("early")]],
      { until: "ev-d" },
    );
    await task.event("other", 1);
    await task.event("early", { n: 1 });
    await world.model.release("ev-d");
    expect((await task.ended()).result?.summary).toContain(String.raw`{\"n\":1}`);
    await supervisor.end();
  });

  test("takes events of one name in their order, and each id once", async () => {
    const { supervisor, task } = await begin(world, "ev-e", [[waitFor("n")], [waitFor("n")]]);
    await untilWaiting(world, task);
    await task.event("n", "first", "id-1");
    await task.event("n", "first", "id-1");
    await task.event("n", "second", "id-2");
    expect((await task.ended()).result?.summary).toContain("second");
    expect(await countIn(task, "first")).toBe(1);
    await supervisor.end();
  });

  test("takes two at once when it waits twice in a turn", async () => {
    const { supervisor, task } = await begin(world, "ev-f", [[waitFor("n"), waitFor("n")]]);
    await untilWaiting(world, task);
    await Promise.all([task.event("n", "one"), task.event("n", "two")]);
    expect(await task.ended()).toMatchObject({ status: "completed", turn: 2 });
    const results = (await task.transcript()).messages[2]?.content ?? [];
    expect(JSON.stringify(results)).toMatch(/one.*two|two.*one/);
    await supervisor.end();
  });

  test("is called away by a note, and does not end before the event has come", async () => {
    const { supervisor, task } = await begin(world, "ev-g", [[waitFor("late")]]);
    await untilWaiting(world, task);
    await (await task.steer("what do you do?")).receipt();
    await until("an answer", async () => (await task.view()).turn === 2);
    expect((await untilWaiting(world, task)).why).toContain("It waits for the event late");
    await task.event("late", "at last");
    expect(await task.ended()).toMatchObject({ status: "completed", turn: 3 });
    expect(await notices(task)).toBe(1);
    const [called] = (await task.transcript()).messages[2]?.content ?? [];
    expect(JSON.stringify(called)).toContain("Moved to the background");
    await supervisor.end();
  });

  test("called away hears too when the time is up", async () => {
    const { supervisor, task } = await begin(world, "ev-h", [[waitFor("late", 0.15)]]);
    await untilWaiting(world, task);
    await task.steer("what do you do?");
    expect(await task.ended()).toMatchObject({ status: "completed", turn: 3 });
    expect(await countIn(task, "wait_timed_out")).toBe(1);
    await supervisor.end();
  });

  test("can be cancelled", async () => {
    const { supervisor, task } = await begin(world, "ev-i", [[waitFor("never")]]);
    await untilWaiting(world, task);
    await task.cancel("enough");
    expect(await task.ended()).toMatchObject({ status: "cancelled" });
    await expect(task.event("never")).rejects.toMatchObject({ code: "ended" });
    await supervisor.end();
  });

  test("is told of an event in the moment of a roll, once", async () => {
    for (let round = 0; round < 3; round += 1) {
      const { supervisor, task } = await begin(rolling, `ev-j-${round}`, [[waitFor("go")]]);
      await new Promise((resolve) => setTimeout(resolve, round * 140));
      await task.event("go", round);
      expect(await task.ended()).toMatchObject({ status: "completed" });
      expect(await notices(task)).toBe(1);
      await supervisor.end();
    }
  });
});

test("events that nobody waits for are bounded, and what is dropped is named", async () => {
  const supervisor = await world.start();
  for (let n = 0; n < 22; n += 1) await supervisor.event(`name-${n}`, n);
  await untilFeed(
    supervisor,
    ({ event }) => event.type === "trouble" && /The event name-1 .*was dropped/.test(event.text),
  );
  const [kept, gone] = await callTools(world, supervisor, [
    waitFor("name-2"),
    waitFor("name-0", 0.001),
  ]);
  expect(kept?.text).toContain(String.raw`"data_json":"2"`);
  expect(gone?.text).toContain("timed_out");
  await supervisor.end();
});

test("a supervisor waits for events too, and talks meanwhile", async () => {
  const supervisor = await world.start();
  const mark = await tellCalls(world, supervisor, [waitFor("deployed")]);
  await until("a waiting one", async () => (await supervisor.status()).status === "waiting");
  await supervisor.send("hello?");
  const [answer] = await resultsOf(supervisor, mark);
  expect(answer?.text).toMatch(/Moved to the background/);
  await until("an idle one", async () => (await supervisor.status()).status === "idle");
  await supervisor.event("deployed", { version: 3 });
  await until("the notice", async () => (await notices(supervisor)) === 1);
  await supervisor.end();
});

test("an event is stored while no worker runs", async () => {
  const { supervisor, task } = await begin(world, "ev-k", [[waitFor("stored")]]);
  await untilWaiting(world, task);
  await world.stopWorkers();
  await task.event("stored", "kept");
  await world.startWorkers();
  expect((await task.ended()).result?.summary).toContain("kept");
  await supervisor.end();
});

const bosun = (...args: readonly string[]) => runBosun(args, { env: world.env, cwd: world.dir });

describe("bosun event", () => {
  test("sends JSON to a task or a supervisor, as documented", async () => {
    const { supervisor, task } = await begin(world, "ev-l", [[waitFor("cli")], [waitFor("cli")]]);
    await untilWaiting(world, task);
    const data = JSON.stringify({ commit: "1f04ab" });
    const sent = await bosun("event", task.id, "cli", data, "--event-id", "build-7", "--json");
    expect(sent).toMatchObject({ code: 0 });
    expectDocumented("event", sent.json());
    expect(sent.json()).toMatchObject({ id: task.id, eventId: "build-7", name: "cli" });
    expect(await bosun("event", task.id.slice(-6), "cli")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/: event cli sent \(e-/),
    });
    expect(await task.ended()).toMatchObject({ status: "completed" });
    expect(await bosun("event", supervisor.id, "hello")).toMatchObject({ code: 0 });
    await supervisor.end();
  });

  test("says what is wrong before anything is sent", async () => {
    const supervisor = await world.start();
    const big = JSON.stringify("x".repeat(20_000));
    expect(await bosun("event", supervisor.id, "n", "{oops")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^The data is not JSON: {oops/),
    });
    expect(await bosun("event", supervisor.id, "n", big)).toMatchObject({
      err: expect.stringMatching(/20002 bytes of data, at most 16000 are taken/),
    });
    expect(await bosun("event", supervisor.id, "no name")).toMatchObject({
      err: expect.stringMatching(/Not a name of an event: "no name"/),
    });
    await supervisor.end();
    const ended = async () => (await supervisor.status()).endedAt !== null;
    await until("the end", ended);
    expect(await bosun("event", supervisor.id, "n")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/has ended: nothing of it runs/),
    });
  });
});
