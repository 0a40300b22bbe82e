// What stays on record of a task, for figures.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TaskRecords } from "../../protocol/records.ts";
import { toEmptyEnvelope } from "../../protocol/task.ts";
import { toRecords } from "../../workflows/tasks/records.ts";
import { addTask, countCheck, endOnBoard, markTold } from "../../workflows/tasks/board-changes.ts";
import { type Board, emptyBoard } from "../../workflows/tasks/board.ts";
import { fitBoard } from "../../workflows/tasks/board-size.ts";
import { startCall } from "../support/lead-agent.ts";
import { callTool } from "../support/call-tool.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld({ env: { BOSUN_ROLL_AFTER_TURNS: "3" } });
});
afterAll(() => world.close());

const recordsOf = (supervisorId: string): Promise<TaskRecords> =>
  world.bosun.client.workflow.getHandle(supervisorId).query("task_records", { from: 0 });

test("how often a task was looked at, when and how it ended stay on record, over rolls and after the supervisor's end, without an event for a look", async () => {
  const mark = "rec-a";
  await world.model.script(mark, [
    {
      when: { lastUser: `^go ${mark}` },
      reply: { toolCalls: [startCall(`${mark}-task quick`), startCall(`${mark}-task slow`)] },
    },
    {
      when: { system: "^# supervisor", anyUser: `^go ${mark}`, lastUser: "task_ended" },
      reply: { text: "Over." },
    },
    {
      when: { system: "^# supervisor", anyUser: `^go ${mark}`, afterTool: "start_async_task" },
      reply: { text: "Heard." },
    },
    { when: { system: "^# researcher", anyUser: `${mark}-task quick` }, reply: { text: "Done." } },
    {
      when: { system: "^# researcher", anyUser: `${mark}-task slow` },
      reply: { text: "Never.", until: "the end" },
    },
  ]);
  const supervisor = await world.start(`go ${mark}`);
  await untilReply(supervisor, "Over");
  const [quick, slow] = await until("both tasks", async () => {
    const all = await supervisor.tasks();
    return all.length === 2 && all.toSorted((a, b) => a.description.localeCompare(b.description));
  });
  const check = (taskId: string) =>
    callTool(world, supervisor, "check_async_task", { task_id: taskId, detail: "status" });
  await check(slow!.taskId);
  await check(slow!.taskId);
  const handle = world.bosun.client.workflow.getHandle(slow!.taskId);
  await until("its call, and nothing else to do", async () => {
    const { pendingActivities, pendingWorkflowTask } = (await handle.describe()).raw;
    const names = pendingActivities?.map(({ activityType }) => activityType?.name);
    return names?.join() === "callModel" && !pendingWorkflowTask;
  });
  const before = (await handle.fetchHistory()).events?.length;
  await check(slow!.taskId);
  await check(quick!.taskId);
  await callTool(world, supervisor, "list_async_tasks", {});
  expect((await handle.fetchHistory()).events?.length).toBe(before);
  await supervisor.end();
  await world.bosun.client.workflow.getHandle(supervisor.id).result();
  const { records, ...rest } = await recordsOf(supervisor.id);
  expect(rest).toEqual({ total: 2, forgotten: { tasks: 0, checks: 0 } });
  const time = expect.stringMatching(/^\d{4}-.*Z$/);
  const common = { agent: "researcher", startedAt: time, endedAt: time, attempt: 1, before: [] };
  expect(records.toSorted((a, b) => a.checks - b.checks)).toEqual([
    { ...common, taskId: quick!.taskId, status: "completed", checks: 1 },
    { ...common, taskId: slow!.taskId, status: "cancelled", checks: 3 },
  ]);
});

const at = "2026-11-21T00:00:00.000Z";
const envelope = { ...toEmptyEnvelope({ status: "completed" }), summary: "s" };

function addEnded(board: Board, taskId: string): Board {
  const given = { taskId, agent: "a", description: "d", startedAt: at, begun: true };
  const looked = countCheck(countCheck(addTask(board, given), taskId), taskId);
  return markTold(endOnBoard(looked, taskId, { status: "completed" }, envelope, at), taskId);
}

test("looks at tasks whose lines have left the board are still counted, and a page has an end", () => {
  let board = emptyBoard;
  for (let index = 0; index < 1_200; index += 1) board = addEnded(board, `t-${index}`);
  const first = toRecords(board, 0);
  expect(first).toMatchObject({ total: 1_000, forgotten: { tasks: 200, checks: 400 } });
  expect(first.records).toHaveLength(500);
  expect(first.records[0]).toMatchObject({ taskId: "t-200", checks: 2 });
  expect(toRecords(board, 500).records.at(-1)).toMatchObject({ taskId: "t-1199" });
  expect(toRecords(board, 1_000).records).toEqual([]);
  expect(JSON.stringify(first).length).toBeLessThan(150_000);
  const fitted = toRecords(fitBoard(board, 50_000), 0);
  const checks = 2 * fitted.total + fitted.forgotten.checks;
  expect([fitted.total + fitted.forgotten.tasks, checks]).toEqual([1_200, 2_400]);
});

test("a board written before looks were counted counts them from none", () => {
  const given = { taskId: "t", agent: "a", description: "d", startedAt: at, begun: true };
  const board = addTask(emptyBoard, given);
  expect(toRecords(board, 0).records[0]).toMatchObject({ checks: 0, endedAt: null });
  expect(toRecords(countCheck(board, "t"), 0).records[0]).toMatchObject({ checks: 1 });
});
