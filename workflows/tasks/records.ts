// What an agent has on record of its tasks.
import { setHandler } from "@temporalio/workflow";
import type { AttemptRecord, TaskRecord, TaskRecords } from "../../protocol/records.ts";
import { taskRecordsQuery } from "../../protocol/messages.ts";
import type { Agent } from "../agent/agent.ts";
import type { Board, BoardTask } from "./board.ts";

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

function toRecord(task: BoardTask): TaskRecord {
  const { taskId, agent, attempt = 1, before = [], checks = 0 } = task;
  return { taskId, agent, ...toAttempt(task), attempt, before, checks };
}

function toAttempt({ phase, startedAt, endedAt }: BoardTask): AttemptRecord {
  return {
    status: phase.status,
    ...(phase.status === "failed" && { reason: phase.reason }),
    ...(phase.status === "cancelled" && phase.forced && { forced: true }),
    startedAt,
    endedAt: endedAt ?? null,
  };
}

const attemptsKept = 5;

/** What stays on record of a task's attempts when another one begins. */
export function toPastAttempts(task: BoardTask): readonly AttemptRecord[] {
  return [...(task.before ?? []), toAttempt(task)].slice(-attemptsKept);
}
