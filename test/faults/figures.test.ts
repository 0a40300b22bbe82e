// The five figures of delegation, told from the records of a real run.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SupervisorHandle } from "../../client/index.ts";
import { toJanitorId } from "../../protocol/ids.ts";
import { janitorQuery } from "../../protocol/messages.ts";
import type { TaskRecord, TaskRecords } from "../../protocol/records.ts";
import { toFigures } from "../support/figures.ts";
import { callTools, openGates, start, startTasks, untilTask } from "../support/gates.ts";
import { openStuckHost, type StuckHost } from "../support/stuck-host.ts";
import type { World } from "../support/world.ts";
import { until } from "./support/until.ts";

let world: World;
let host: StuckHost;
beforeAll(async () => {
  world = await openGates({
    BOSUN_ROLES: "workflows,models",
    // Only a run that did not start a task asks Temporal what became of it.
    BOSUN_ROLL_AFTER_TURNS: "1",
    BOSUN_CANCEL_GRACE_MS: "5000",
    BOSUN_JANITOR_INTERVAL_MS: "400",
    BOSUN_ORPHAN_GRACE_MS: "1200",
  });
  host = await openStuckHost(world);
  await world.model.script("figures", [
    {
      when: { system: "^# writer", anyUser: "figures stuck" },
      reply: { toolCalls: [{ name: "write_file", input: { path: "artifacts/x", content: "x" } }] },
    },
    {
      when: { system: "^# researcher", anyUser: "figures again", lastUser: "\\[retry" },
      reply: { text: "Now it is done." },
    },
    {
      when: { system: "^# researcher", anyUser: "figures again" },
      reply: { stopReason: "refusal" },
    },
  ]);
});
afterAll(async () => {
  await host.close();
  await world.close();
});

const handleOf = (id: string) => world.bosun.client.workflow.getHandle(id);
const recordsOf = (id: string): Promise<TaskRecords> =>
  handleOf(id).query("task_records", { from: 0 });

/** The records, once each task has ended on the board of its supervisor. */
async function untilRecorded({ id }: SupervisorHandle, count: number): Promise<TaskRecords> {
  return await until(`${count} ends on record`, async () => {
    const page = await recordsOf(id);
    return page.records.filter(({ endedAt }) => endedAt !== null).length === count && page;
  });
}

/** Stopped by somebody else while nobody who knew it was there, and gone from the server. */
async function lose(taskId: string): Promise<void> {
  await world.stopWorkers();
  await handleOf(taskId).terminate("by a test");
  await world.bosun.client.workflowService.deleteWorkflowExecution({
    namespace: "default",
    workflowExecution: { workflowId: taskId },
  });
  const isGone = () =>
    handleOf(taskId)
      .describe()
      .then(
        () => false,
        () => true,
      );
  await until("its deletion", isGone);
  await world.startWorkers();
}

test("a forced, a terminated, a lost and a retried task appear as what they are, and all five figures can be told", async () => {
  const supervisor = await world.start();
  const [quick = "", again = "", stuck = "", stopped = "", lost = "", never = ""] =
    await startTasks(world, supervisor, [
      start("~quick figures"),
      start("figures again"),
      start("figures stuck", { subagent_type: "writer" }),
      start("~gate figures stopped"),
      start("~gate figures lost"),
    ]);
  expect(never).toBe("");
  await until("a write", async () => host.begun() === 1);
  await callTools(world, supervisor, [
    { name: "check_async_task", input: { task_id: stuck } },
    { name: "check_async_task", input: { task_id: stopped } },
    { name: "check_async_task", input: { task_id: stopped } },
  ]);
  await untilRecorded(supervisor, 2);
  await world.bosun.task(again).retry("once more");
  await world.bosun.task(stuck).cancel("too slow");
  await handleOf(stopped).terminate("by a test");
  await untilRecorded(supervisor, 4);
  await lose(lost);
  const page = await untilRecorded(supervisor, 5);

  const record = (id: string) => page.records.find(({ taskId }) => taskId === id) as TaskRecord;
  const first = { attempt: 1, before: [], checks: 0 };
  expect(record(quick)).toMatchObject({ ...first, status: "completed" });
  expect(record(again)).toMatchObject({
    status: "completed",
    attempt: 2,
    before: [{ status: "failed", reason: "refusal" }],
  });
  expect(record(again).startedAt >= record(again).before[0]!.endedAt!).toBe(true);
  expect(record(stuck)).toMatchObject({ ...first, status: "cancelled", forced: true, checks: 1 });
  const terminated = { ...first, status: "failed", reason: "terminated", checks: 2 };
  expect(record(stopped)).toMatchObject(terminated);
  expect(record(lost)).toMatchObject({ ...first, status: "failed", reason: "lost" });

  const lengths = page.records.map((one) => Date.parse(one.endedAt!) - Date.parse(one.startedAt));
  expect(toFigures([page])).toEqual({
    completionRate: 2 / 5,
    durationP95Ms: Math.max(...lengths),
    checksPerTask: 3 / 5,
    // Of five attempts of researchers three failed: the first of two, a terminated and a lost one.
    errorRates: { researcher: 3 / 5, writer: 0 },
  });

  const gone = await world.start();
  const [orphan = ""] = await startTasks(world, gone, [start("~gate figures orphan")]);
  await untilTask(world, orphan, ({ waitingOn }) => waitingOn.includes("event"));
  await handleOf(gone.id).terminate("by a test");
  await world.bosun.task(orphan).ended();
  const janitor = handleOf(toJanitorId(world.installation));
  await until("the orphan on record", async () => (await janitor.query(janitorQuery)).ended === 1);
  expect(await janitor.query(janitorQuery)).toMatchObject({ forced: 0, stopping: 0 });
  await supervisor.end();
});
