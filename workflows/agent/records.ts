// What an agent has on record of its tasks.
import { setHandler } from "@temporalio/workflow";
import { type TaskRecord, type TaskRecords, taskRecordsQuery } from "../../protocol/records.ts";
import type { Agent } from "./agent.ts";
import type { Board, BoardTask } from "../tasks/board.ts";

const perPage = 500;

export function answerRecords({ state }: Agent): void {
  setHandler(taskRecordsQuery, ({ from }) => toRecords(state.board, from));
}

export function toRecords({ tasks, forgotten, forgottenChecks }: Board, from: number): TaskRecords {
  const first = Math.max(0, Math.trunc(from));
  return {
    total: tasks.length,
    records: tasks.slice(first, first + perPage).map(toRecord),
    forgotten: { tasks: forgotten, checks: forgottenChecks ?? 0 },
  };
}

function toRecord({ taskId, agent, phase, startedAt, endedAt, checks }: BoardTask): TaskRecord {
  return {
    taskId,
    agent,
    status: phase.status,
    ...(phase.status === "failed" && { reason: phase.reason }),
    ...(phase.status === "cancelled" && phase.forced && { forced: true }),
    startedAt,
    endedAt: endedAt ?? null,
    checks: checks ?? 0,
  };
}
