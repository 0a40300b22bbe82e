// Stops everything of an installation.
import { isAlive, isSame, ownMark, stop } from "./processes.ts";
import { readProcesses } from "./run-file.ts";
import { stopServices } from "./leave.ts";
import { withStateLock } from "./state-lock.ts";
import { liveUsers, liveWorkers, sweepUsers, unregister } from "./users.ts";

export interface TakenDown {
  /** Commands that used it, among them every `bosun up`. */
  readonly users: readonly number[];
  readonly workers: readonly number[];
  readonly serverPid: number | null;
  readonly modelPid: number | null;
}

/** Asks every user to leave, then stops what is left, and resolves when all is gone. */
export async function takeDown(dir: string): Promise<TakenDown> {
  const { server, model } = readProcesses(dir);
  const workers = liveWorkers(dir);
  const commands = liveUsers(dir)
    .map(({ mark }) => mark)
    .filter((mark) => ![server, ...workers, ownMark()].some((own) => own && isSame(own, mark)));
  const live = [server, model].map((mark) => (mark && isAlive(mark) ? mark.pid : null));
  // They take their workers along, and need the lock for it: it is not held here yet.
  await Promise.all(commands.map((mark) => stop(mark, 4_000)));
  await withStateLock(dir, {}, async () => {
    const left = liveUsers(dir);
    await Promise.all(liveWorkers(dir).map((worker) => stop(worker, 4_000)));
    for (const { mark } of left) unregister(dir, mark);
    await sweepUsers(dir);
    await stopServices(dir, 4_000);
  });
  return {
    users: commands.map(({ pid }) => pid),
    workers: workers.map(({ pid }) => pid),
    serverPid: live[0] ?? null,
    modelPid: live[1] ?? null,
  };
}
