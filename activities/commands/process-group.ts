// Everything that one command started, stopped for certain.
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { hasProc, isAlive, markShape, readProc, readStat } from "./processes.ts";

/** The first process of a group by its mark, and the tag that all of its children inherit. */
export const groupShape = markShape.extend({ tag: z.string().min(8) });
export type ProcessGroup = Readonly<z.infer<typeof groupShape>>;

/** The variable that carries the tag. It tells a group whose first process has ended from a later one. */
export const tagVariable = "AGENT_COMMAND_ID";

/** How long a process may take to end by itself once it was asked to. */
const killAfterMs = 2_000;
const goneWithinMs = 2_000;

/** Asks all of a group to end, then makes them. Says how many there were that bubblewrap does not end itself. */
export async function stopGroup(group: ProcessGroup, graceMs = killAfterMs): Promise<number> {
  const found = membersOf(group);
  if (found.length === 0) return 0;
  const asked = found.filter(({ name }) => name !== bubblewrap);
  for (const { pid } of asked) send(pid, "SIGTERM");
  if (await areGone(group, graceMs, () => undefined)) return asked.length;
  // Again and again, for what forks while it is killed.
  await areGone(group, goneWithinMs, (members) => kill(group, members));
  return asked.length;
}

/** It dies of SIGTERM and takes its children along by SIGKILL: it is left to end after them, a moment after the command. */
const bubblewrap = "bwrap";

interface Member {
  readonly pid: number;
  readonly name: string;
  readonly inGroup: boolean;
}

function kill(group: ProcessGroup, members: readonly Member[]): void {
  if (members.some(({ inGroup }) => inGroup)) send(-group.pid, "SIGKILL");
  for (const { pid } of members) send(pid, "SIGKILL");
}

async function areGone(
  group: ProcessGroup,
  withinMs: number,
  meanwhile: (members: readonly Member[]) => void,
): Promise<boolean> {
  const end = performance.now() + withinMs;
  for (;;) {
    const members = membersOf(group);
    if (members.length === 0) return true;
    if (performance.now() > end) return false;
    meanwhile(members);
    await sleep(20);
  }
}

/** Those that are certainly of this group: its first process by its mark, all others by the tag. */
function membersOf(group: ProcessGroup): readonly Member[] {
  if (!hasProc) return isAlive(group) ? [{ pid: -group.pid, name: "", inGroup: true }] : [];
  const since = Number(group.start.slice(group.start.lastIndexOf(".") + 1));
  const first = isAlive(group);
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    const stat = pid > 1 ? readStat(pid) : undefined;
    if (!stat || stat.ticks < since) return [];
    const inGroup = stat.group === group.pid;
    // While its first process lives, nobody else can have the group's number.
    if (!(first && inGroup) && !hasTag(pid, group.tag)) return [];
    return [{ pid, name: stat.name, inGroup }];
  });
}

function hasTag(pid: number, tag: string): boolean {
  const environment = readProc(`${pid}/environ`);
  return environment?.split("\0").includes(`${tagVariable}=${tag}`) ?? false;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended in between.
  }
}
