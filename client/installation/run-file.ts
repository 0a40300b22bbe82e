// What runs here, as programs and people may read it.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Mark, markShape } from "./processes.ts";
import { readJson, writeWhole } from "./state-files.ts";

const runShape = z.object({
  temporalAddress: z.string(),
  namespace: z.string(),
  uiUrl: z.string().nullable(),
  serverPid: z.int().nullable(),
  workerPids: z.array(z.int()),
  dir: z.string(),
  modelUrl: z.string().nullable(),
  modelPid: z.int().nullable(),
  backend: z.string(),
});

/** `run.json`, also the JSON answer of `bosun up`. Nulls: not started by this installation. */
export type RunFile = Readonly<z.infer<typeof runShape>>;

const processesShape = z.object({
  server: markShape.optional(),
  model: markShape.optional(),
});

/** What was started here in the background, written the moment it is. */
interface Processes {
  readonly server?: Mark;
  readonly model?: Mark;
}

export function readRun(dir: string): RunFile | undefined {
  const read = runShape.safeParse(readJson(join(dir, "run.json")));
  return read.success ? read.data : undefined;
}

export function writeRun(run: RunFile): void {
  writeWhole(join(run.dir, "run.json"), `${JSON.stringify(run, null, 2)}\n`);
}

export function readProcesses(dir: string): Processes {
  const read = processesShape.safeParse(readJson(join(dir, "processes.json")));
  if (!read.success) return {};
  const { server, model } = read.data;
  return { ...(server && { server }), ...(model && { model }) };
}

/** Adds to what is written. */
export function noteProcesses(dir: string, more: Processes): void {
  const all = { ...readProcesses(dir), ...more };
  writeWhole(join(dir, "processes.json"), `${JSON.stringify(all)}\n`);
}

export function removeRun(dir: string): void {
  rmSync(join(dir, "run.json"), { force: true });
  rmSync(join(dir, "processes.json"), { force: true });
}
