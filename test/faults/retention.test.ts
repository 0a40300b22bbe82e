// What remains when Temporal has deleted a closed task.
import { WorkflowNotFoundError } from "@temporalio/client";
import { expect, test } from "vitest";
import type { SupervisorHandle, TaskView } from "../../client/index.ts";
import { retrySignal } from "../../protocol/messages.ts";
import { countIn } from "../support/gates.ts";
import { openWorld, runsOf, untilFeed, untilReply, type World } from "../support/world.ts";
import { until } from "./support/until.ts";

/** Half a minute of each is the server's. */
const inWorld =
  (options: Parameters<typeof openWorld>[0], use: (world: World) => Promise<void>) => async () => {
    const world = await openWorld(options);
    try {
      await use(world);
    } finally {
      await world.close();
    }
  };

const gone = (error: unknown): boolean => error instanceof WorkflowNotFoundError;

/** What the retention time does to a closed workflow. The server takes half a minute for it. */
async function forget({ bosun: { client } }: World, workflowId: string): Promise<void> {
  await client.workflowService.deleteWorkflowExecution({
    namespace: "default",
    workflowExecution: { workflowId },
  });
  await until("its deletion", async () => {
    return await client.workflow
      .getHandle(workflowId)
      .describe()
      .then(() => false, gone);
  });
}

async function begin(world: World, mark: string, reply: object): Promise<void> {
  await world.model.script(mark, [
    {
      when: { lastUser: `^go ${mark}` },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: `${mark}-task`, subagent_type: "researcher" },
          },
        ],
      },
    },
    {
      when: { system: "^# supervisor", lastUser: `^look ${mark}` },
      reply: {
        toolCalls: [
          {
            name: "check_async_task",
            input: { task_id: "{{json:start_async_task#1:task_id}}" },
          },
        ],
      },
    },
    {
      when: { system: "^# supervisor", anyUser: `look ${mark}` },
      reply: { text: "Result: {{json:check_async_task#1:result.summary}}" },
    },
    { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
    { when: { system: "^# researcher", anyUser: `${mark}-task` }, reply },
  ]);
}

/** The supervisor's only task, which has ended, once it has read of that and is at rest. */
async function untilTold(supervisor: SupervisorHandle): Promise<TaskView> {
  return await until("the notice is told", async () => {
    const [task] = await supervisor.tasks();
    if (!task?.endedAt || (await countIn(supervisor, "task_ended")) === 0) return false;
    return (await supervisor.feed()).status === "idle" && task;
  });
}

test.concurrent(
  "an ended task's result is copied when it ends, and outlives the closed workflow",
  inWorld({}, async (world) => {
    await begin(world, "copied", { text: "All of it." });
    const supervisor = await world.start("go copied");
    const task = await untilTold(supervisor);
    expect(task.status).toBe("completed");
    await forget(world, task.taskId);
    expect(await supervisor.ask("look copied")).toBe("Result: All of it.");
    await supervisor.end();
  }),
);

test.concurrent(
  "a task that ended and was deleted while its supervisor was away is told as lost",
  inWorld({ env: { BOSUN_ROLL_AFTER_TURNS: "1" }, workers: false }, async (world) => {
    const workers = await world.startWorkers();
    await begin(world, "lost", { text: "Never.", delayMs: 280_000 });
    const supervisor = await world.start("go lost");
    await untilReply(supervisor, "Heard");
    const [task] = await until("the task", async () => {
      const all = await supervisor.tasks();
      return all.length === 1 && all;
    });
    await until("a later run", async () => (await runsOf(world, supervisor.id)) > 2);
    workers.stop();
    await workers.done;
    await world.bosun.client.workflow.getHandle(task!.taskId).terminate("by a test");
    await forget(world, task!.taskId);
    await world.startWorkers();
    const { event } = await untilFeed(
      supervisor,
      ({ event: one }) => one.type === "task" && one.phase.status === "failed",
    );
    expect(event).toMatchObject({
      taskId: task!.taskId,
      phase: { status: "failed", reason: "lost" },
    });
    await supervisor.end();
  }),
);

test.concurrent(
  "a new attempt at a task whose record was deleted fails and says what nobody knows",
  inWorld({}, async (world) => {
    await begin(world, "again", { text: "All of it." });
    const supervisor = await world.start("go again");
    const task = await untilTold(supervisor);
    await forget(world, task.taskId);
    await expect(supervisor.task(task.taskId).retry()).rejects.toMatchObject({ code: "unknown" });
    // As if it had been deleted between the asking and the doing.
    await world.bosun.client.workflow
      .getHandle(supervisor.id)
      .signal(retrySignal, { retryId: "r-1", taskId: task.taskId, message: "again" });
    const { event } = await untilFeed(
      supervisor,
      ({ event: one }) => one.type === "task" && one.phase.status === "failed",
    );
    expect(event).toMatchObject({ taskId: task.taskId });
    const second = await world.bosun.task(`${task.taskId}-2`).ended();
    expect(second.result?.notDone).toContain("no longer kept");
    await supervisor.end();
  }),
);
