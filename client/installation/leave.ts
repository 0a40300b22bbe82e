// Stops what nobody uses any more.
import { isSame, kill, type Mark, ownMark, stop } from "./processes.ts";
import { readProcesses, readRun, removeRun, writeRun } from "./run-file.ts";
import { isLockedByAnother, withStateLock } from "./state-lock.ts";
import { findUser, liveUsers, liveWorkers, sweepUsers, unregister } from "./users.ts";

/** What an interactive command may take to end, in all. */
const budgetMs = 2_800;

/** Ends one user: its workers, and when it was the last one, server and model. */
export async function leave(dir: string, mark: Mark, graceMs: number): Promise<void> {
  const end = performance.now() + budgetMs;
  const workers = findUser(dir, mark)?.workers ?? [];
  // A worker ends within its grace by itself. Beyond it, it hangs.
  await Promise.all(workers.map((worker) => stop(worker, graceMs + 300)));
  const waiting = { signal: AbortSignal.timeout(1_500) };
  try {
    await withStateLock(dir, waiting, async () => {
      unregister(dir, mark);
      await sweepUsers(dir);
      if (liveUsers(dir).length === 0) await stopServices(dir, end - performance.now());
      else forgetWorkers(dir);
    });
  } catch (error) {
    if (!waiting.signal.aborted) throw error;
    // Whoever holds the lock so long is starting something, so it is not the last that leaves.
    unregister(dir, mark);
  }
}

/** Stops server and model. The database survives a kill, so the grace may be short. Under the lock. */
export async function stopServices(dir: string, graceMs: number): Promise<void> {
  const { server, model } = readProcesses(dir);
  const marks = [server, model].filter((mark) => mark !== undefined);
  await Promise.all(marks.map((mark) => stop(mark, Math.max(300, graceMs))));
  removeRun(dir);
}

/** Leaves without waiting for anything: what a second Ctrl-C asks for. */
export function abandon(dir: string): void {
  const me = ownMark();
  for (const worker of findUser(dir, me)?.workers ?? []) kill(worker);
  unregister(dir, me);
  const others = liveUsers(dir).some(({ mark }) => !isSame(mark, me));
  if (others || isLockedByAnother(dir)) return;
  const { server, model } = readProcesses(dir);
  for (const mark of [server, model]) if (mark) kill(mark);
  removeRun(dir);
}

function forgetWorkers(dir: string): void {
  const run = readRun(dir);
  if (run) writeRun({ ...run, workerPids: liveWorkers(dir).map(({ pid }) => pid) });
}
