// What a cancelled task is given, and its end by force.
import { CancellationScope, condition } from "@temporalio/workflow";
import type { TaskEnding } from "../../protocol/activities.ts";
import { longestExtension } from "../../protocol/deadline.ts";
import type { Grace } from "../../protocol/task.ts";
import { toWatchers } from "../agent/watchers.ts";

/** A task that was asked to stop, as whoever waits for that holds it. */
interface Stopping {
  readonly taskId: string;
  readonly installation: string;
  readonly graceMs: number;
  /** Nothing once the task has ended. */
  readonly grace: () => Grace | undefined;
  readonly keep: (grace: Grace) => void;
}

/** Waits until a task has stopped by itself. One that does not is stopped by force: its end is returned. */
export async function awaitStop(task: Stopping): Promise<TaskEnding | undefined> {
  const asked = task.grace();
  if (!asked) return undefined;
  // Most stop at once, and cost a timer only.
  await untilEnded(task, Date.parse(asked.askedAt) + task.graceMs);
  if (task.grace() && !task.grace()?.until) await fixEnd(task);
  await waitOut(task);
  if (!task.grace()) return undefined;
  return await toWatchers(task.installation).forceEnd.executeWithOptions(
    { summary: `stop ${task.taskId} by force` },
    [task.taskId],
  );
}

async function untilEnded(task: Stopping, time: number): Promise<void> {
  const ms = time - Date.now();
  if (ms > 0) await condition(() => !task.grace(), ms, { summary: `grace of ${task.taskId}` });
}

/** The grace counts from when a worker took the cancellation, and grows with the levels below. */
async function fixEnd(task: Stopping): Promise<void> {
  const taken = await whileOpen(task, () =>
    toWatchers(task.installation).awaitCancelTaken.executeWithOptions(
      { summary: `whether ${task.taskId} heard that it should stop` },
      [task.taskId],
    ),
  );
  const grace = task.grace();
  if (!grace || !taken) return;
  const lengthMs = task.graceMs * (taken.height + 1);
  const from = grace.takenAt === undefined ? Date.now() : Date.parse(grace.takenAt);
  task.keep({ ...grace, lengthMs, until: toIso(from + lengthMs) });
}

/** When nobody worked for a good part of the grace, the task could not use it and gets it again, once. */
async function waitOut(task: Stopping): Promise<void> {
  const grace = task.grace();
  if (!grace?.until) return;
  const until = Date.parse(grace.until);
  await untilEnded(task, until);
  const isLate = Date.now() - until > task.graceMs;
  if (!task.grace() || !isLate || grace.again) return;
  const more = Math.min(grace.lengthMs ?? task.graceMs, longestExtension);
  task.keep({ ...grace, until: toIso(Date.now() + more), again: true });
  await waitOut(task);
}

function toIso(ms: number): string {
  return new Date(ms).toISOString();
}

/** An answer, or nothing when the task ends first. */
async function whileOpen<Answer>(
  task: Stopping,
  ask: () => Promise<Answer>,
): Promise<Answer | undefined> {
  const scope = new CancellationScope();
  const ended = () => condition(() => !task.grace()).then(() => undefined);
  try {
    return await scope.run(() => Promise.race([ask(), ended()]));
  } finally {
    scope.cancel();
  }
}
