// An operator who ends or rewinds workflows by hand.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { countNotices, inspectAftermath, untilSettled } from "./support/aftermath.ts";
import { type FaultWorld, openFaultWorld } from "./support/fault-world.ts";
import { openScene, partOf, sceneEnv, sceneTasks } from "./support/scene.ts";
import { until } from "./support/until.ts";

const bundle = inject("bundle");

let world: FaultWorld;
beforeAll(async () => {
  world = await openFaultWorld({ env: sceneEnv });
  await world.startWorker();
});
afterAll(() => world.close());

const handleOf = (id: string) => world.bosun.client.workflow.getHandle(id);

/** `temporal workflow reset`: back to a workflow task that had completed. */
async function reset(workflowId: string, completedTask: "first" | "last"): Promise<void> {
  const { events } = await handleOf(workflowId).fetchHistory();
  const completed = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  const chosen = completedTask === "first" ? completed[0] : completed.at(-1);
  const { runId } = await handleOf(workflowId).describe();
  await world.bosun.client.workflowService.resetWorkflowExecution({
    namespace: "default",
    workflowExecution: { workflowId, runId },
    reason: "a test",
    requestId: randomUUID(),
    workflowTaskFinishEventId: chosen?.eventId ?? null,
  });
}

test("a terminated and a cancelled task are each heard of once, and the others go on", async () => {
  const scene = await openScene(world, "ended");
  const tasks = await scene.supervisor.tasks();
  const terminated = partOf(tasks, "ended streaming 0").taskId;
  const cancelled = partOf(tasks, "ended streaming 1").taskId;
  await handleOf(terminated).terminate("by hand");
  await handleOf(cancelled).cancel();
  await scene.finish();
  const ended = await untilSettled(scene, sceneTasks);
  expect(partOf(ended, "ended streaming 0")).toMatchObject({
    status: "failed",
    reason: "terminated",
  });
  expect(partOf(ended, "ended streaming 1").status).toBe("cancelled");
  expect(ended.filter((task) => task.status === "completed")).toHaveLength(sceneTasks - 2);
  expect((await inspectAftermath(world, scene, bundle)).wrong).toEqual([]);
});

test("a task that is reset goes on from there, and its parent hears one end", async () => {
  const scene = await openScene(world, "reset");
  const { taskId } = partOf(await scene.supervisor.tasks(), "reset streaming 0");
  await until(
    "its second turn",
    async () => (await handleOf(taskId).describe()).historyLength > 20,
  );
  await reset(taskId, "last");
  await scene.finish();
  const ended = await untilSettled(scene, sceneTasks);
  expect(ended.filter((task) => task.status === "completed")).toHaveLength(sceneTasks);
  const { wrong } = await inspectAftermath(world, scene, bundle);
  expect(wrong).toEqual([]);
});

test("a supervisor that is reset answers again, and hears of the tasks it still knows", async () => {
  const scene = await openScene(world, "rewind");
  const { supervisor } = scene;
  // At rest, so that what it goes back behind is nothing.
  await until("every end is told", async () => {
    const ends = (await supervisor.tasks()).filter((task) => task.endedAt !== null);
    const told = countNotices(await supervisor.transcript());
    const { status } = await supervisor.status();
    return status === "idle" && ends.length === 2 && told.size === 2;
  });
  await reset(supervisor.id, "last");
  await supervisor.send("ask rewind", { id: "rewind-1" });
  await until("the reply", async () => {
    const { entries } = await supervisor.feed();
    return entries.some(
      ({ event }) => event.type === "reply" && event.answers.includes("rewind-1"),
    );
  });
  await scene.finish();
  const told = await until("every end", async () => {
    const counts = countNotices(await supervisor.transcript());
    return counts.size === sceneTasks - 2 && counts;
  });
  expect([...told.values()].filter((times) => times !== 1)).toEqual([]);
});
