// Processes of this machine, told apart from later ones.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { z } from "zod";

/** A process id alone may be given again. With its start time it names one process for good. */
export const markShape = z.object({ pid: z.int().min(2), start: z.string().min(1) });
export type Mark = Readonly<z.infer<typeof markShape>>;

/** The mark of a process that is alive now. */
export function markOf(pid: number): Mark | undefined {
  const start = hasProc ? readStat(pid)?.start : startByPs(pid);
  return start === undefined ? undefined : { pid, start };
}

export function isAlive(mark: Mark): boolean {
  return markOf(mark.pid)?.start === mark.start;
}

export interface Stat {
  /** The program's name, at most 15 characters. */
  readonly name: string;
  readonly group: number;
  /** Never the same after the machine was started again. */
  readonly start: string;
  /** Ticks since the machine was started. */
  readonly ticks: number;
}

export const hasProc = process.platform === "linux";

/** Fields 3 (state), 5 (group) and 22 (start). A zombie has ended, whoever forgot to reap it. */
export function readStat(pid: number): Stat | undefined {
  const stat = readProc(`${pid}/stat`);
  if (stat === undefined) return undefined;
  const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  const ticks = Number(fields[19]);
  return { name, group: Number(fields[2]), ticks, start: `${boot()}.${ticks}` };
}

/** A file of /proc, or undefined when there is none to read. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return undefined;
  }
}

function boot(): string {
  return (readProc("sys/kernel/random/boot_id") ?? "").trim().slice(0, 8);
}

function startByPs(pid: number): string | undefined {
  const asked = spawnSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
    encoding: "utf8",
    env: { PATH: "/bin:/usr/bin", LC_ALL: "C", TZ: "UTC" },
  });
  if (asked.error) return undefined;
  const [state, ...start] = asked.stdout.trim().split(/\s+/);
  if (state === undefined || state === "" || state.startsWith("Z")) return undefined;
  return String(Date.parse(`${start.join(" ")} UTC`));
}
