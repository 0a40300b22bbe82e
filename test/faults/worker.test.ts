// Worker processes that die, stop or are away.
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { inspectAftermath, untilSettled } from "./support/aftermath.ts";
import { type FaultWorld, openFaultWorld } from "./support/fault-world.ts";
import { openScene, sceneEnv, sceneTasks } from "./support/scene.ts";

const bundle = inject("bundle");

describe("one process that does everything", () => {
  let world: FaultWorld;
  beforeAll(async () => {
    world = await openFaultWorld({ env: sceneEnv });
  });
  afterAll(() => world.close());

  test("a killed worker is replaced: every task ends once, and no recorded model call is made again", async () => {
    const worker = await world.startWorker();
    const scene = await openScene(world, "kill");
    await worker.end("SIGKILL");
    await world.startWorker();
    const tasks = await untilSettled(scene, sceneTasks);
    expect(tasks.map((task) => task.status)).toEqual(tasks.map(() => "completed"));
    const { wrong } = await inspectAftermath(world, scene, bundle);
    expect(wrong).toEqual([]);
  });
});
