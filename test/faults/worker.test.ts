// Worker processes that die, stop or are away.
import { afterAll, afterEach, beforeAll, expect, inject, onTestFinished, test } from "vitest";
import { inspectAftermath, inspectWhole, untilSettled } from "./support/aftermath.ts";
import type { Child } from "./support/child.ts";
import { type FaultWorld, openFaultWorld } from "./support/fault-world.ts";
import {
  type OpenScene,
  openScene,
  partOf,
  type Scene,
  sceneEnv,
  sceneTasks,
} from "./support/scene.ts";
import { until } from "./support/until.ts";

const bundle = inject("bundle");

let world: FaultWorld;
beforeAll(async () => {
  world = await openFaultWorld({ env: sceneEnv });
});
afterEach(async () => {
  await Promise.all(world.workers().map((worker) => worker.end("SIGKILL")));
});
afterAll(() => world.close());

const whole = (scene: OpenScene) => inspectWhole(world, scene, bundle);

/** Kills a worker while it waits for an answer of the model, which it can no longer record. */
async function killMidCall(worker: Child, { mark }: Scene): Promise<void> {
  await until("a model call under way", async () => {
    worker.signal("SIGSTOP");
    const calls = await world.model.journal(mark);
    const isUnderWay = calls.some(({ outcome }) => outcome.status === 0);
    if (!isUnderWay) worker.signal("SIGCONT");
    return isUnderWay;
  });
  await worker.end("SIGKILL");
}

test("a killed worker is replaced: every task ends once, and no recorded model call is made again", async () => {
  const worker = await world.startWorker();
  const scene = await openScene(world, "kill");
  await killMidCall(worker, scene);
  await world.startWorker();
  const { wrong, askedAgain } = await whole(scene);
  expect(wrong).toEqual([]);
  expect(askedAgain).toBeGreaterThan(0);
});

test("a stopped worker finishes what it has in flight: no model call is made twice", async () => {
  // A busy machine may be late with a heartbeat, and then a call would be made again.
  const patient = { BOSUN_MODEL_HEARTBEAT_MS: "60000", BOSUN_TOOL_HEARTBEAT_MS: "60000" };
  const calm = await openFaultWorld({ env: { ...sceneEnv, ...patient } });
  onTestFinished(() => calm.close());
  const worker = await calm.startWorker({ BOSUN_GRACE_MS: "30000" });
  const scene = await openScene(calm, "stop");
  worker.signal("SIGTERM");
  expect(await worker.ended).toBe(0);
  await calm.startWorker();
  expect(await inspectWhole(calm, scene, bundle)).toEqual({ askedAgain: 0, wrong: [] });
});

test("a stopped worker hands back what it cannot finish in its grace, and nothing of it is lost", async () => {
  const worker = await world.startWorker({ BOSUN_GRACE_MS: "100" });
  const scene = await openScene(world, "hand");
  worker.signal("SIGTERM");
  expect(await worker.ended).toBe(0);
  await world.startWorker();
  expect((await whole(scene)).wrong).toEqual([]);
});

// Within half a minute, which is how long the server is waited for otherwise.
test("a stopped worker that has no work does not wait for a server that hangs", async () => {
  const apart = await openFaultWorld({ env: sceneEnv });
  onTestFinished(() => apart.close());
  const worker = await apart.startWorker();
  apart.workerLink.set("stalled");
  worker.signal("SIGTERM");
  expect(await worker.ended).toBe(0);
}, 25_000);

test("a worker that stands still and comes back late changes nothing that others have done since", async () => {
  const worker = await world.startWorker();
  const scene = await openScene(world, "still");
  worker.signal("SIGSTOP");
  await world.startWorker();
  await scene.finish();
  await until("work without it", async () => {
    const tasks = await scene.supervisor.tasks();
    return tasks.filter((task) => task.status === "completed").length > sceneTasks / 2;
  });
  worker.signal("SIGCONT");
  expect((await whole(scene)).wrong).toEqual([]);
});

test("what a person sends, steers and cancels while no worker runs is kept and done once", async () => {
  const worker = await world.startWorker();
  const scene = await openScene(world, "away");
  await worker.end("SIGKILL");
  const { supervisor } = scene;
  const sent = await supervisor.send("ask away", { id: "away-1" });
  expect(sent).toEqual({ id: "away-1", known: false, stored: "signalled" });
  await supervisor.send("ask away", { id: "away-1" });
  const tasks = await supervisor.tasks();
  const steered = supervisor.task(partOf(tasks, "away streaming 1").taskId);
  const note = await steered.steer("be brief");
  const cancelled = [partOf(tasks, "away streaming 2"), partOf(tasks, "away queued 2")];
  for (const { taskId } of cancelled) {
    expect(await supervisor.task(taskId).cancel("not needed")).toMatchObject({ requested: true });
  }
  await world.startWorker();
  await scene.finish();
  const ended = await untilSettled(scene, sceneTasks);
  const stopped = ended.filter((task) => task.status === "cancelled");
  expect(stopped.map(({ taskId }) => taskId).toSorted()).toEqual(
    cancelled.map(({ taskId }) => taskId).toSorted(),
  );
  expect(ended.filter((task) => task.status === "completed")).toHaveLength(sceneTasks - 2);
  expect((await note.receipt()).noteId).toBe(note.noteId);
  const { entries } = await until("the feed", () => supervisor.feed());
  const taken = entries.filter(({ event }) => event.type === "taken");
  expect(taken).toMatchObject([{ event: { text: "go away" } }, { event: { text: "ask away" } }]);
  expect((await inspectAftermath(world, scene, bundle)).wrong).toEqual([]);
});

test("with the roles in processes of their own, each may be killed in its turn", async () => {
  const roles = ["workflows", "models", "tools"];
  const start = (role: string) => world.startWorker({ BOSUN_ROLES: role });
  const workers = await Promise.all(roles.map(start));
  const scene = await openScene(world, "roles");
  for (const [index, role] of roles.entries()) {
    await workers[index]?.end("SIGKILL");
    await start(role);
  }
  expect((await whole(scene)).wrong).toEqual([]);
});
