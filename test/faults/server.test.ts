// A Temporal server that dies, and a network that goes away.
import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { inspectWhole } from "./support/aftermath.ts";
import { type FaultWorld, openFaultWorld } from "./support/fault-world.ts";
import { openScene, type OpenScene, sceneEnv } from "./support/scene.ts";
import { until } from "./support/until.ts";

const bundle = inject("bundle");

let world: FaultWorld;
beforeAll(async () => {
  world = await openFaultWorld({ env: sceneEnv });
});
afterEach(async () => {
  world.workerLink.set("open");
  world.clientLink.set("open");
  await Promise.all(world.workers().map((worker) => worker.end("SIGKILL")));
});
afterAll(() => world.close());

/** Longer than the heartbeats of model calls and tools, and than a deadline of the client. */
const outageMs = 12_000;
const outage = () => new Promise((resolve) => setTimeout(resolve, outageMs));

const whole = (scene: OpenScene) => inspectWhole(world, scene, bundle);

test("a killed server goes on from its database file: every task ends once, and no recorded model call is made again", async () => {
  await world.startWorker();
  const scene = await openScene(world, "server");
  await world.server.kill();
  await world.server.start();
  expect((await whole(scene)).wrong).toEqual([]);
  expect(world.workers()).toHaveLength(1);
});

test("server and worker killed in the same moment go on from the database file", async () => {
  const worker = await world.startWorker();
  const scene = await openScene(world, "both");
  await Promise.all([world.server.kill(), worker.end("SIGKILL")]);
  await world.server.start();
  await world.startWorker();
  expect((await whole(scene)).wrong).toEqual([]);
});

test.each(["cut", "stalled"] as const)(
  "a worker whose network is %s for longer than every heartbeat goes on by itself",
  async (state) => {
    await world.startWorker();
    const scene = await openScene(world, `worker-${state}`);
    world.workerLink.set(state);
    await outage();
    world.workerLink.set("open");
    expect((await whole(scene)).wrong).toEqual([]);
    expect(world.workers()).toHaveLength(1);
  },
);

test.each(["cut", "stalled"] as const)(
  "a client whose network is %s is told so in plain words, and what it sends again counts once",
  async (state) => {
    await world.startWorker();
    const mark = `client-${state}`;
    await world.model.script(mark, [{ when: { lastUser: `^${mark}` }, reply: { text: "Heard." } }]);
    const supervisor = await world.start();
    world.clientLink.set(state);
    await expect(supervisor.send(mark, { id: mark })).rejects.toMatchObject({
      name: "RequestError",
      code: "unreachable",
    });
    world.clientLink.set("open");
    await until("the message sent again", () => supervisor.send(mark, { id: mark }));
    await until("the reply", async () => {
      const { entries } = await supervisor.feed();
      return entries.some(({ event }) => event.type === "reply" && event.answers.includes(mark));
    });
    const { messages } = await until("the transcript", () => supervisor.transcript());
    expect(messages).toHaveLength(2);
    await supervisor.end();
  },
);
