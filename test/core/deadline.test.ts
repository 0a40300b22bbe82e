// Tasks that have to be done by a certain time.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SupervisorHandle, TaskHandle } from "../../client/index.ts";
import {
  type Call,
  callTools,
  countIn,
  openGates,
  start,
  startTasks,
  untilTask,
} from "../support/gates.ts";
import type { Rule } from "../support/scripted-model.ts";
import { until, untilFeed, type World } from "../support/world.ts";

let world: World;
let rolling: World;
beforeAll(async () => {
  world = await openGates();
  rolling = await openGates({ BOSUN_ROLL_AFTER_TURNS: "1" });
});
afterAll(() => Promise.all([world.close(), rolling.close()]));

/** Seconds, as the tool takes them. */
const within = (seconds: number) => ({ deadline_minutes: seconds / 60 });

interface Begun {
  readonly supervisor: SupervisorHandle;
  readonly task: TaskHandle;
}

async function begin(
  where: World,
  name: string,
  options: object,
  rules: readonly Omit<Rule, "when">[],
  {
    agent = "researcher",
    last = {},
  }: { readonly agent?: string; readonly last?: Rule["reply"] } = {},
): Promise<Begun> {
  const own = { system: `^# ${agent}`, anyUser: `^${name}$` };
  await where.model.script(`${where.installation}-${name}`, [
    { when: { ...own, lastUser: '"reason":"deadline"' }, reply: { text: "What I have.", ...last } },
    ...rules.map((rule, turn) => ({ when: { ...own, assistantTurns: turn }, ...rule })),
  ]);
  const supervisor = await where.start();
  const given = start(name, { ...options, subagent_type: agent });
  const [id = ""] = await startTasks(where, supervisor, [given]);
  return { supervisor, task: where.bosun.task(id) };
}

const gate: Call = { name: "wait_for_event", input: { name: "never", timeout_minutes: 10 } };

test("a model call is broken off, and the last answer is what the task hands over", async () => {
  const { supervisor, task } = await begin(world, "dl-a", within(1), [
    { reply: { text: "Never said.", until: "never" } },
  ]);
  const end = await task.ended();
  expect(end).toMatchObject({ status: "failed", reason: "timeout" });
  expect(end.result).toMatchObject({ partial: true, summary: "What I have." });
  expect(end.result?.notDone).toMatch(/^Its deadline, \d{4}-.*, has passed\./);
  expect(end.deadlineAt).toBe(/Its deadline, (\S+),/.exec(end.result?.notDone ?? "")?.[1]);
  expect(await countIn(task, "Never said")).toBe(0);
  const told = await untilFeed(
    supervisor,
    ({ event }) => event.type === "task" && event.phase.status === "failed",
  );
  expect(told.event).toMatchObject({ phase: { reason: "timeout" } });
  await supervisor.end();
});

test.concurrent("open calls are answered, own tasks are stopped first", async () => {
  const { supervisor, task } = await begin(
    world,
    "dl-b",
    within(8),
    [{ reply: { toolCalls: [start("~gate below")] } }, { reply: { toolCalls: [gate] } }],
    { agent: "lead" },
  );
  const end = await task.ended();
  expect(end).toMatchObject({ status: "failed", reason: "timeout", turn: 3 });
  expect(end.result?.summary).toBe("What I have.");
  expect(await countIn(task, "Not answered: the deadline came first.")).toBe(1);
  // Lists lag, so it is only found in one.
  const listed = (await supervisor.tasks()).find(({ parentId }) => parentId === task.id);
  const below = await world.bosun.task(listed!.taskId).view();
  expect(below).toMatchObject({ status: "cancelled" });
  expect(below.endedAt! <= end.endedAt!).toBe(true);
  await supervisor.end();
});

test.concurrent("a task that is done in time is not touched", async () => {
  const { supervisor, task } = await begin(world, "dl-c", within(600), [
    { reply: { text: "In time." } },
  ]);
  const end = await task.ended();
  expect(end).toMatchObject({ status: "completed", result: { partial: false } });
  expect(Date.parse(end.deadlineAt!)).toBeGreaterThan(Date.parse(end.endedAt!));
  await supervisor.end();
});

test.concurrent("one that waits for another task runs out of time too, before it began", async () => {
  const supervisor = await world.start();
  const [a = ""] = await startTasks(world, supervisor, [start("~gate dl-d")]);
  const [b = ""] = await startTasks(world, supervisor, [
    start("~quick", { depends_on: [a], ...within(1.5) }),
  ]);
  const end = await world.bosun.task(b).ended();
  expect(end).toMatchObject({ status: "failed", reason: "timeout", turn: 0 });
  expect(end.result?.notDone).toMatch(/passed before it began/);
  await supervisor.end();
});

test.concurrent("it is an absolute time over rolls", async () => {
  const read: Call = { name: "list_files", input: {} };
  const { supervisor, task } = await begin(rolling, "dl-e", within(3), [
    { reply: { toolCalls: [read] } },
    { reply: { toolCalls: [read] } },
    { reply: { toolCalls: [gate] } },
    { reply: { text: "Waiting." } },
  ]);
  const end = await task.ended();
  expect(end).toMatchObject({ status: "failed", reason: "timeout" });
  expect(end.result?.summary).toBe("What I have.");
  const late = Date.parse(end.endedAt!) - Date.parse(end.startedAt);
  expect(late).toBeGreaterThan(2_900);
  console.log(`a deadline of 3 s over 4 rolls: ended after ${late} ms`);
  await supervisor.end();
});

test.concurrent("one that was up while no worker ran is prolonged once, and says so", async () => {
  const late = await openGates({ BOSUN_LATE_MS: "500" });
  try {
    const { supervisor, task } = await begin(late, "dl-f", within(8), [
      { reply: { toolCalls: [gate] } },
    ]);
    const { deadlineAt } = await untilTask(late, task.id, ({ waitingOn }) =>
      waitingOn.includes("event"),
    );
    await late.stopWorkers();
    await sleep(Math.max(0, Date.parse(deadlineAt!) - Date.now()) + 1_500);
    await late.startWorkers();
    const prolonged = await untilTask(late, task.id, (view) => view.deadlineAt !== deadlineAt);
    expect(prolonged.status).toBe("waiting");
    const { entries } = await late.bosun.supervisor(task.id).feed();
    expect(JSON.stringify(entries)).toMatch(/deadline was up while nothing ran here/);
    expect(await task.ended()).toMatchObject({ status: "failed", reason: "timeout" });
    await supervisor.end();
  } finally {
    await late.close();
  }
}, 60_000);

test.concurrent("a model that does not answer then has said what it had to say", async () => {
  const hasty = await openGates({ BOSUN_LAST_ANSWER_MS: "1500" });
  try {
    const { supervisor, task } = await begin(
      hasty,
      "dl-g",
      within(8),
      [{ reply: { text: "So far.", toolCalls: [gate] } }],
      { last: { until: "never" } },
    );
    const end = await task.ended();
    expect(end).toMatchObject({ status: "failed", reason: "timeout" });
    expect(end.result?.summary).toBe("So far.");
    await supervisor.end();
  } finally {
    await hasty.close();
  }
}, 60_000);

test("a task that is cancelled during its last answer is cancelled", async () => {
  const { supervisor, task } = await begin(
    rolling,
    "dl-h",
    within(1),
    [{ reply: { toolCalls: [gate] } }],
    {
      last: { until: "never" },
    },
  );
  await until("the last call", async () =>
    (await rolling.model.journal("dl-h")).some((entry) =>
      JSON.stringify(entry.request.messages).includes("deadline has passed"),
    ),
  );
  await task.cancel("enough");
  expect(await task.ended()).toMatchObject({ status: "cancelled" });
  await supervisor.end();
});

test("a length that cannot be is refused in words", async () => {
  const supervisor = await world.start();
  const answers = await callTools(world, supervisor, [
    start("~quick", { deadline_minutes: 0 }),
    start("~quick", { deadline_minutes: 1e9 }),
    start("~quick", { deadline_minutes: "soon" }),
  ]);
  for (const answer of answers) {
    expect(answer).toMatchObject({
      isError: true,
      text: expect.stringMatching(/was not run.*deadline_minutes/s),
    });
  }
  await supervisor.end();
});
