// What is on record of an agent's tasks, for figures.
import type { FailureReason, TaskStatus } from "./task.ts";

/** One attempt at a task. Times are ISO 8601. */
export interface AttemptRecord {
  readonly status: TaskStatus;
  readonly reason?: FailureReason;
  readonly forced?: boolean;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

/** One task, as the agent that started it has it on record: its newest attempt, and those before. */
export interface TaskRecord extends AttemptRecord {
  readonly taskId: string;
  readonly agent: string;
  /** Which attempt this is. */
  readonly attempt: number;
  /** The five before it, oldest first. */
  readonly before: readonly AttemptRecord[];
  /** How often the model of the agent that started it has looked at it. */
  readonly checks: number;
}

/** A page of them, oldest first, at most 500. */
export interface TaskRecords {
  readonly total: number;
  readonly records: readonly TaskRecord[];
  /** Tasks whose records are no longer kept here, and the looks at them. */
  readonly forgotten: { readonly tasks: number; readonly checks: number };
}
