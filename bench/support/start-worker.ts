// A worker process, gone when the measurement is.
import { fileURLToPath } from "node:url";
import { type Child, startChild, untilReady } from "../../test/faults/support/child.ts";
import { cleanEnv } from "../../test/faults/support/server.ts";

export type Env = Readonly<Record<string, string>>;

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Resolves when it serves. */
export async function startWorker(file: string, env: Env): Promise<Child> {
  const worker = startChild({
    command: process.execPath,
    args: ["--import", "tsx", file],
    cwd: root,
    env: { ...cleanEnv(), ...env },
  });
  await untilReady(worker, file, () => worker.output().includes('"ready":true'));
  return worker;
}
