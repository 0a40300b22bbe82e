// Processes of this machine, told apart from later ones.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

export const markShape = z.object({ pid: z.int(), start: z.string() });

/** A process id alone may be given again. With its start time it names one process for good. */
export type Mark = Readonly<z.infer<typeof markShape>>;

/** The mark of a process that is alive now. */
export function markOf(pid: number): Mark | undefined {
  const start = process.platform === "linux" ? startOnLinux(pid) : startByPs(pid);
  return start === undefined ? undefined : { pid, start };
}

export function ownMark(): Mark {
  return markOf(process.pid) ?? { pid: process.pid, start: "0" };
}

export function isAlive(mark: Mark): boolean {
  return markOf(mark.pid)?.start === mark.start;
}

export function isSame(a: Mark, b: Mark): boolean {
  return a.pid === b.pid && a.start === b.start;
}

/** Asks a process to end, makes it end after the grace, and resolves when it is gone. */
export async function stop(mark: Mark, graceMs: number): Promise<void> {
  send(mark.pid, "SIGTERM", mark);
  if (await isGone(mark, graceMs)) return;
  kill(mark);
  await isGone(mark, 5_000);
}

/** Ends a process at once, with the group that it leads: a worker dies with what keeps it, also one that hangs. */
export function kill(mark: Mark): void {
  send(-mark.pid, "SIGKILL", mark);
  send(mark.pid, "SIGKILL", mark);
}

/** Signals this very process or its group, never one that took its id. */
function send(target: number, name: NodeJS.Signals, mark: Mark): void {
  if (!isAlive(mark)) return;
  try {
    process.kill(target, name);
  } catch {
    // It ended in between, leads no group, or belongs to somebody else.
  }
}

async function isGone(mark: Mark, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (isAlive(mark)) {
    if (performance.now() > end) return false;
    await sleep(20);
  }
  return true;
}

/** Fields 3 (state) and 22 (start) of stat. A zombie has ended, whoever forgot to reap it. */
function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function startByPs(pid: number): string | undefined {
  const asked = spawnSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
  });
  if (asked.error) return undefined;
  const [state, ...start] = asked.stdout.trim().split(/\s+/);
  if (state === undefined || state === "" || state.startsWith("Z")) return undefined;
  return String(Date.parse(`${start.join(" ")} UTC`));
}
