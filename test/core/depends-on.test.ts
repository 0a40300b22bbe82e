// Tasks that begin when others have completed.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SupervisorHandle } from "../../client/index.ts";
import {
  callTools,
  firstWords,
  openGates,
  start,
  startTasks,
  untilTask,
} from "../support/gates.ts";
import { untilTasks } from "../support/lead-agent.ts";
import { untilFeed, type World } from "../support/world.ts";

let world: World;
/** One slot, and a roll after each turn. */
let narrow: World;
beforeAll(async () => {
  world = await openGates();
  narrow = await openGates({ BOSUN_MAX_RUNNING: "1", BOSUN_ROLL_AFTER_TURNS: "1" });
});
afterAll(() => Promise.all([world.close(), narrow.close()]));

const after = (ids: readonly string[], options: object = {}) => ({ depends_on: ids, ...options });

const endedInFeed = (supervisor: SupervisorHandle, taskId: string) =>
  untilFeed(
    supervisor,
    ({ event }) =>
      event.type === "task" &&
      event.taskId === taskId &&
      ["completed", "failed", "cancelled"].includes(event.phase.status),
  );

test("a chain of three runs in its order, each with the result of the one before", async () => {
  const supervisor = await world.start();
  const [a = ""] = await startTasks(world, supervisor, [start("~gate a")]);
  const [b = ""] = await startTasks(world, supervisor, [start("~gate b", after([a]))]);
  const [c = ""] = await startTasks(world, supervisor, [start("~quick c", after([b]))]);
  await untilTask(world, a, ({ waitingOn }) => waitingOn.includes("event"));
  expect(await world.bosun.task(b).view()).toMatchObject({ status: "queued", dependsOn: [a] });
  expect(await world.bosun.task(c).view()).toMatchObject({ status: "queued", turn: 0 });
  await world.bosun.task(a).event("go");
  await untilTask(world, b, ({ waitingOn }) => waitingOn.includes("event"));
  expect(await world.bosun.task(c).view()).toMatchObject({ status: "queued", turn: 0 });
  const first = await firstWords(world.bosun.task(b));
  expect(first).toMatch(/^~gate b\n/);
  expect(first).toContain('<bosun-event type="dependency_results">');
  expect(first).toContain(`"task_id":"${a}","agent":"researcher","status":"completed"`);
  expect(first).toContain("Passed the gate.");
  expect(first).toContain('"description":"~gate a"');
  await world.bosun.task(b).event("go");
  const end = await world.bosun.task(c).ended();
  expect(end).toMatchObject({ status: "completed", description: "~quick c" });
  expect(await firstWords(world.bosun.task(c))).toContain(`"task_id":"${b}"`);
  await supervisor.end();
});

test("many that depend on one begin when it has completed, within the slots there are", async () => {
  const supervisor = await narrow.start();
  const [a = ""] = await startTasks(narrow, supervisor, [start("~gate many")]);
  const many = await startTasks(
    narrow,
    supervisor,
    Array.from({ length: 5 }, (_, index) => start(`~quick ${index}`, after([a]))),
  );
  await untilTask(narrow, a, ({ waitingOn }) => waitingOn.includes("event"));
  for (const id of many) expect((await narrow.bosun.task(id).view()).status).toBe("queued");
  await narrow.bosun.task(a).event("go");
  for (const id of many) {
    expect(await narrow.bosun.task(id).ended()).toMatchObject({ status: "completed", turn: 1 });
    expect(await firstWords(narrow.bosun.task(id))).toContain("Passed the gate.");
  }
  await supervisor.end();
});

test("a task that waits for another one takes no slot", async () => {
  const supervisor = await narrow.start();
  const [a = ""] = await startTasks(narrow, supervisor, [start("~gate no-slot")]);
  const [b = ""] = await startTasks(narrow, supervisor, [start("~quick b", after([a]))]);
  await untilTask(narrow, a, ({ waitingOn }) => waitingOn.includes("event"));
  // It stands behind b, and passes it.
  const [c = ""] = await startTasks(narrow, supervisor, [start("~quick c")]);
  expect(await narrow.bosun.task(c).ended()).toMatchObject({ status: "completed" });
  expect((await narrow.bosun.task(b).view()).status).toBe("queued");
  await narrow.bosun.task(a).event("go");
  expect(await narrow.bosun.task(b).ended()).toMatchObject({ status: "completed" });
  await supervisor.end();
});

test("one that did not complete fails those that depend on it, unless they are told to run", async () => {
  const supervisor = await world.start();
  const [a = "", x = ""] = await startTasks(world, supervisor, [
    start("~gate failing"),
    start("~unwilling x"),
  ]);
  expect(await world.bosun.task(x).ended()).toMatchObject({ status: "failed", reason: "refusal" });
  const [b = "", d = ""] = await startTasks(world, supervisor, [
    start("~quick b", after([a])),
    start("~quick d", after([x, a], { depends_on_failed: "run" })),
  ]);
  const [c = ""] = await startTasks(world, supervisor, [start("~quick c", after([b]))]);
  await world.bosun.task(a).cancel("not needed");
  const end = await world.bosun.task(b).ended();
  expect(end).toMatchObject({ status: "failed", reason: "dependency", turn: 0 });
  expect(end.result?.notDone).toContain(`${a} (cancelled)`);
  // And so on down the chain.
  expect(await world.bosun.task(c).ended()).toMatchObject({ reason: "dependency" });
  expect(await world.bosun.task(d).ended()).toMatchObject({ status: "completed" });
  const first = await firstWords(world.bosun.task(d));
  expect(first).toMatch(/"status":"failed".*"reason":"refusal".*"status":"cancelled"/);
  const told = await endedInFeed(supervisor, c);
  expect(told.event).toMatchObject({ phase: { status: "failed", reason: "dependency" } });
  await supervisor.end();
});

describe("a task that ended before", () => {
  test("and completed lets the new one begin at once, with its result", async () => {
    const supervisor = await world.start();
    const [a = ""] = await startTasks(world, supervisor, [start("~quick a")]);
    await endedInFeed(supervisor, a);
    const [b = ""] = await startTasks(world, supervisor, [start("~quick b", after([a, a]))]);
    expect(await world.bosun.task(b).ended()).toMatchObject({ status: "completed" });
    expect((await firstWords(world.bosun.task(b))).split(`"task_id":"${a}"`)).toHaveLength(2);
    await supervisor.end();
  });

  test("and failed fails the new one", async () => {
    const supervisor = await world.start();
    const [a = ""] = await startTasks(world, supervisor, [start("~unwilling a")]);
    await endedInFeed(supervisor, a);
    const [b = ""] = await startTasks(world, supervisor, [start("~quick b", after([a]))]);
    expect(await world.bosun.task(b).ended()).toMatchObject({ reason: "dependency" });
    await supervisor.end();
  });
});

test("ids that are unknown, or another agent's, are refused in words", async () => {
  const one = await world.start();
  const other = await world.start();
  const [foreign = ""] = await startTasks(world, other, [start("~gate foreign")]);
  const [own = ""] = await startTasks(world, one, [start("~gate own")]);
  const [unknown, notOwn] = await callTools(world, one, [
    start("~quick x", after(["researcher-000000000000"])),
    start("~quick y", after([own, foreign])),
  ]);
  for (const answer of [unknown, notOwn]) expect(answer?.isError).toBe(true);
  expect(unknown?.text).toMatch(/^depends_on: You have no task "researcher-000000000000"/);
  expect(notOwn?.text).toContain(`no task "${foreign}". Your open tasks: ${own}`);
  await untilTasks(one, 1);
  await one.end();
  await other.end();
});

test("one that waits for another can be cancelled, and seen for what it waits", async () => {
  const supervisor = await world.start();
  const [a = ""] = await startTasks(world, supervisor, [start("~gate cancelled")]);
  const [b = ""] = await startTasks(world, supervisor, [
    start("~quick b", after([a], { on_complete: "Put it into the report." })),
  ]);
  const [checked, listed] = await callTools(world, supervisor, [
    { name: "check_async_task", input: { task_id: b } },
    { name: "list_async_tasks", input: {} },
  ]);
  const options = {
    depends_on: [{ task_id: a, status: "open" }],
    on_complete: "Put it into the report.",
  };
  expect(JSON.parse(checked!.text)).toMatchObject({ status: "queued", ...options });
  expect(JSON.parse(listed!.text)).toMatchObject({ tasks: [{ task_id: a }, options] });
  await world.bosun.task(b).cancel("changed my mind");
  expect(await world.bosun.task(b).ended()).toMatchObject({ status: "cancelled", turn: 0 });
  await endedInFeed(supervisor, b);
  await world.bosun.task(a).event("go");
  expect(await world.bosun.task(a).ended()).toMatchObject({ status: "completed" });
  await supervisor.end();
});

test("what a task was to be used for comes back with its end, and with every look at it", async () => {
  const supervisor = await world.start();
  const [a = ""] = await startTasks(world, supervisor, [
    start("~gate later", { on_complete: "Compare it with last week's." }),
  ]);
  await world.bosun.task(a).event("go");
  await endedInFeed(supervisor, a);
  const [checked] = await callTools(world, supervisor, [
    { name: "check_async_task", input: { task_id: a } },
  ]);
  expect(JSON.parse(checked!.text)).toMatchObject({
    result: { on_complete: "Compare it with last week's." },
  });
  const said = JSON.stringify((await supervisor.transcript()).messages);
  expect(said).toMatch(/task_ended.*on_complete.{5,9}Compare it with last week's\./);
  expect(await world.bosun.task(a).view()).toMatchObject({
    onComplete: "Compare it with last week's.",
  });
  const [long] = await callTools(world, supervisor, [
    start("~quick", { on_complete: "é".repeat(600) }),
  ]);
  expect(long).toMatchObject({
    isError: true,
    text: expect.stringMatching(/more than 1000 bytes/),
  });
  await supervisor.end();
});

test("one that completes in the moment its parent rolls lets the next one begin, once", async () => {
  const supervisor = await narrow.start();
  for (let round = 0; round < 2; round += 1) {
    const [a = ""] = await startTasks(narrow, supervisor, [start(`~gate roll ${round}`)]);
    const [b = ""] = await startTasks(narrow, supervisor, [start(`~quick ${round}`, after([a]))]);
    await untilTask(narrow, a, ({ waitingOn }) => waitingOn.includes("event"));
    // Each answer of the supervisor ends in a roll.
    const list = { name: "list_async_tasks", input: {} };
    await Promise.all([callTools(narrow, supervisor, [list]), narrow.bosun.task(a).event("go")]);
    expect(await narrow.bosun.task(b).ended()).toMatchObject({ status: "completed", turn: 1 });
    const first = await firstWords(narrow.bosun.task(b));
    expect(first.split("dependency_results")).toHaveLength(2);
    expect(first).toContain("Passed the gate.");
  }
  await supervisor.end();
}, 60_000);
