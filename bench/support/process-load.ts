// What a process takes of the machine.
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Linux counts processor time in hundredths of a second. */
const ticksPerSecond = 100;

export function checkProc(): void {
  if (!existsSync("/proc/self/stat")) {
    throw new Error("This row reads /proc, which only Linux has. Leave it out.");
  }
}

/** Memory of a process in MB. */
export function residentMb(pid: number): number {
  const [, kilobytes] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) / 1_024;
}

/** Cores that each process keeps busy, over a time. */
export async function coresOf(pids: readonly number[], ms: number): Promise<readonly number[]> {
  const before = pids.map(secondsOf);
  const at = performance.now();
  await sleep(ms);
  const seconds = (performance.now() - at) / 1_000;
  return pids.map((pid, index) => (secondsOf(pid) - (before[index] ?? 0)) / seconds);
}

/** Processor time that a process has taken so far. */
export function secondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name of the program stands in brackets, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
