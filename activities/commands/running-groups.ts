// Commands in progress, so that none outlives its worker.
import { mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { toFileName } from "../file-name.ts";
import { groupShape, type ProcessGroup, stopGroup } from "./process-group.ts";
import { isAlive, markOf, markShape } from "./processes.ts";
import { readJson } from "../read-json.ts";
import { writeWhole } from "../write-whole.ts";

const recordShape = z.object({ owner: markShape, group: groupShape });

/** One file a command, there while it runs: `<dir>/commands/<workflowId>.<toolUseId>.json`. */
export function toGroupFile(dir: string, workflowId: string, toolUseId: string): string {
  return join(dir, "commands", `${toFileName(workflowId)}.${toFileName(toolUseId)}.json`);
}

export async function recordGroup(file: string, group: ProcessGroup): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeWhole(file, JSON.stringify({ owner: markOf(process.pid), group }));
}

export async function forgetGroup(file: string): Promise<void> {
  await rm(file, { force: true }).catch(() => undefined);
}

/** Stops what a dead worker left running of a command. A live worker's is left to that worker. */
export async function stopLeftover(file: string): Promise<number> {
  // What cannot be read names no process, so nothing is stopped by it.
  const record = await readJson(file, recordShape);
  if (!record || isAlive(record.owner)) return 0;
  const stopped = await stopGroup(record.group);
  await forgetGroup(file);
  return stopped;
}

/** All that dead workers of this host left running. */
export async function stopLeftovers(dir: string): Promise<number> {
  const folder = join(dir, "commands");
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith(".json")).map((name) => join(folder, name));
  const stopped = await Promise.all(files.map((file) => stopLeftover(file)));
  return stopped.reduce((sum, count) => sum + count, 0);
}
