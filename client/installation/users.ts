// Who uses what runs here, and with which workers.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { isAlive, isSame, type Mark, markShape, stop } from "./processes.ts";
import { readJson, writeWhole } from "./state-files.ts";

/** A user is a process. What `up --detach` leaves behind is used by the server itself. */
interface User {
  readonly mark: Mark;
  readonly workers: readonly Mark[];
}

const userShape = z.object({ workers: z.array(markShape) });

/** Writes a user down, or its new workers. */
export function register(dir: string, user: User): void {
  writeWhole(pathOf(dir, user.mark), `${JSON.stringify({ workers: user.workers })}\n`);
}

export function unregister(dir: string, mark: Mark): void {
  rmSync(pathOf(dir, mark), { force: true });
}

export function findUser(dir: string, mark: Mark): User | undefined {
  return allUsers(dir).find((user) => isSame(user.mark, mark));
}

export function liveUsers(dir: string): readonly User[] {
  return allUsers(dir).filter((user) => isAlive(user.mark));
}

/** Pids of all workers that serve this installation from this machine. */
export function liveWorkers(dir: string): readonly Mark[] {
  return allUsers(dir)
    .flatMap((user) => user.workers)
    .filter(isAlive);
}

/** Removes users that are gone, and stops the workers they could not stop. Under the lock. */
export async function sweepUsers(dir: string): Promise<void> {
  const gone = allUsers(dir).filter((user) => !isAlive(user.mark));
  await Promise.all(gone.flatMap((user) => user.workers).map((worker) => stop(worker, 2_500)));
  for (const user of gone) unregister(dir, user.mark);
}

function allUsers(dir: string): readonly User[] {
  return names(dir).flatMap((name) => {
    const [, pid, start] = /^(\d+)-(\d+)$/.exec(name) ?? [];
    if (pid === undefined || start === undefined) return [];
    const read = userShape.safeParse(readJson(join(dir, "users", name)));
    const workers = read.success ? read.data.workers : [];
    return [{ mark: { pid: Number(pid), start }, workers }];
  });
}

function names(dir: string): string[] {
  try {
    return readdirSync(join(dir, "users"));
  } catch {
    return [];
  }
}

function pathOf(dir: string, mark: Mark): string {
  return join(dir, "users", `${mark.pid}-${mark.start}`);
}
