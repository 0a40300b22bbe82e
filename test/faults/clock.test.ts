// Clocks that jump, and a weekend with everything off.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { addCarefulAgent } from "../support/careful-agent.ts";
import { inspectWhole } from "./support/aftermath.ts";
import { type Clock, clockProblem, newClock } from "./support/clock.ts";
import { type FaultWorld, openFaultWorld } from "./support/fault-world.ts";
import { openScene, type OpenScene, sceneEnv, sceneTasks } from "./support/scene.ts";
import { until } from "./support/until.ts";

const bundle = inject("bundle");
const hour = 3_600;
const problem = clockProblem();

let world: FaultWorld;
let clock: Clock;
beforeAll(async () => {
  if (problem !== undefined) return;
  clock = newClock();
  const { workerEnv, serverCommand } = clock;
  const env = { ...sceneEnv, BOSUN_APPROVAL_TIMEOUT_MS: String(24 * hour * 1_000) };
  world = await openFaultWorld({ env, workerEnv, serverCommand });
});
afterEach(async () => {
  await Promise.all((world?.workers() ?? []).map((worker) => worker.end("SIGKILL")));
});
afterAll(async () => {
  await world?.close();
  clock?.close();
});

const whole = (scene: OpenScene) => inspectWhole(world, scene, bundle);

async function serverTime(scene: OpenScene): Promise<number> {
  const { events } = await world.bosun.client.workflow
    .getHandle(scene.supervisor.id)
    .fetchHistory();
  return Number(events?.at(-1)?.eventTime?.seconds ?? 0);
}

test("a clock that jumps an hour ahead loses nothing and repeats nothing", async ({ skip }) => {
  skip(problem !== undefined, problem);
  await world.startWorker();
  const scene = await openScene(world, "ahead");
  clock.set(hour);
  expect((await whole(scene)).wrong).toEqual([]);
  expect(await serverTime(scene)).toBeGreaterThan(Date.now() / 1_000 + hour - 120);
});

test("a worker whose clock jumps an hour, ahead or back, goes on as before", async ({ skip }) => {
  skip(problem !== undefined, problem);
  clock.set(hour);
  await world.startWorker();
  const scene = await openScene(world, "alone");
  clock.setWorkers(2 * hour);
  await scene.finish();
  await until("more work", async () => {
    const tasks = await scene.supervisor.tasks();
    return tasks.filter((task) => task.endedAt).length > sceneTasks / 3;
  });
  clock.setWorkers(0);
  expect((await whole(scene)).wrong).toEqual([]);
});

// Its own timers stand still until the clock has caught up. A restart reads them anew.
test("a server whose clock was set back an hour goes on when it is restarted", async ({ skip }) => {
  skip(problem !== undefined, problem);
  clock.set(hour);
  await world.startWorker();
  const scene = await openScene(world, "back");
  clock.set(0);
  await world.server.kill();
  await world.server.start();
  expect((await whole(scene)).wrong).toEqual([]);
  expect(await serverTime(scene)).toBeLessThan(Date.now() / 1_000 + 120);
});

test("after a weekend with everything off, tasks that ran, waited and were queued go on", async ({
  skip,
}) => {
  skip(problem !== undefined, problem);
  const worker = await world.startWorker();
  const scene = await openScene(world, "weekend");
  await worker.end("SIGTERM");
  await world.server.kill();
  clock.set(48 * hour);
  await world.server.start();
  await world.startWorker();
  expect((await whole(scene)).wrong).toEqual([]);
});

test("an agent that waits for its model over a weekend asks again when all is back", async ({
  skip,
}) => {
  skip(problem !== undefined, problem);
  const worker = await world.startWorker();
  world.modelLink.set("cut");
  await world.model.script("parked", [
    { when: { lastUser: "^go parked" }, reply: { text: "Back again." } },
  ]);
  const supervisor = await world.start("go parked");
  await until("a parked agent", async () => (await supervisor.status()).status === "waiting");
  await worker.end("SIGKILL");
  await world.server.kill();
  clock.set(96 * hour);
  world.modelLink.set("open");
  await world.server.start();
  await world.startWorker();
  const reply = await until("the reply", async () => {
    const { entries } = await supervisor.feed();
    return entries.find(({ event }) => event.type === "reply" && event.answers.length > 0);
  });
  expect(reply.event).toMatchObject({ text: "Back again." });
});

/** A task that asks to write a file and asks a question, in one answer. */
async function openRequests(mark: string) {
  await addCarefulAgent(world.workspace);
  const task = { description: `${mark}-task`, subagent_type: "careful" };
  const asks = [
    { name: "write_file", input: { path: `${mark}.txt`, content: "approved" } },
    { name: "ask_human", input: { question: "Which colour?" } },
  ];
  await world.model.script(mark, [
    {
      when: { lastUser: `^go ${mark}` },
      reply: { toolCalls: [{ name: "start_async_task", input: task }] },
    },
    { when: { system: "^# supervisor", anyUser: `^go ${mark}` }, reply: { text: "Heard." } },
    {
      when: { system: "^# careful", anyUser: `^${mark}-task`, assistantTurns: 0 },
      reply: { toolCalls: asks },
    },
    { when: { system: "^# careful", anyUser: `^${mark}-task` }, reply: { text: "Done." } },
  ]);
  const supervisor = await world.start(`go ${mark}`);
  const { taskId, requests } = await until("both requests", async () => {
    const [view] = await supervisor.tasks();
    return view?.requests?.length === 2 && { taskId: view.taskId, requests: view.requests };
  });
  return { supervisor, task: supervisor.task(taskId), requests };
}

test("what waits for a person is still open after a weekend with everything off, and can be decided", async ({
  skip,
}) => {
  skip(problem !== undefined, problem);
  const worker = await world.startWorker();
  const { supervisor, task, requests } = await openRequests("pending");
  const [approval, question] = requests;
  await worker.end("SIGTERM");
  await world.server.kill();
  clock.set(144 * hour);
  await world.server.start();
  await world.startWorker();
  // Their day was over while nobody could decide.
  await until("more time", async () => {
    const { requests: now = [] } = await task.view();
    return now.length === 2 && now.every((one) => one.extended);
  });
  await task.decide(question!.requestId, { type: "answer", text: "green" });
  await task.decide(approval!.requestId, { type: "approve" });
  await until("the end", async () => (await task.view()).status === "completed");
  expect(await readFile(join(world.workspace, "pending.txt"), "utf8")).toBe("approved");
  await until("the news", async () => {
    const { entries } = await supervisor.feed();
    return entries.some(({ event }) => event.type === "task" && event.phase.status === "completed");
  });
});
