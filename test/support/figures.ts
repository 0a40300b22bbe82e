// The five figures of docs/metrics.md, from what is on record.
import type { AttemptRecord, TaskRecord, TaskRecords } from "../../protocol/records.ts";

export interface Figures {
  readonly completionRate: number;
  readonly durationP95Ms: number;
  readonly checksPerTask: number;
  readonly errorRates: Readonly<Record<string, number>>;
}

/** Of one agent's tasks, from all pages of its answer. */
export function toFigures(pages: readonly TaskRecords[]): Figures {
  const tasks = pages.flatMap(({ records }) => records);
  const ended = tasks.filter(({ endedAt }) => endedAt !== null);
  const forgotten = pages[0]?.forgotten ?? { tasks: 0, checks: 0 };
  const checks = tasks.reduce((sum, task) => sum + task.checks, forgotten.checks);
  const agents = [...new Set(tasks.map(({ agent }) => agent))];
  return {
    completionRate: part(ended, ({ status }) => status === "completed"),
    durationP95Ms: p95(tasks.flatMap(attemptsOf).map(lengthOf)),
    checksPerTask: checks / (tasks.length + forgotten.tasks),
    errorRates: Object.fromEntries(
      agents.map((agent) => {
        const own = tasks.filter((task) => task.agent === agent).flatMap(attemptsOf);
        return [agent, part(own, ({ status }) => status === "failed")];
      }),
    ),
  };
}

/** Those that have ended. One that never began, for what it waited for failed, is none. */
function attemptsOf(task: TaskRecord): readonly AttemptRecord[] {
  return [...task.before, task].filter(
    ({ endedAt, reason }) => endedAt !== null && reason !== "dependency",
  );
}

function lengthOf({ startedAt, endedAt }: AttemptRecord): number {
  return Date.parse(endedAt ?? "") - Date.parse(startedAt);
}

function part<One>(all: readonly One[], is: (one: One) => boolean): number {
  return all.length === 0 ? 0 : all.filter(is).length / all.length;
}

/** The nearest rank: a length that did occur. */
function p95(lengths: readonly number[]): number {
  const sorted = lengths.toSorted((a, b) => a - b);
  return sorted[Math.ceil(0.95 * sorted.length) - 1] ?? 0;
}
