// A worker process, gone when the measurement is.
import { type Child, startChild, untilReady } from "../../test/faults/support/child.ts";
import { root } from "../../client/installation/clone.ts";
import { cleanEnv } from "../../test/faults/support/server.ts";

export type Env = Readonly<Record<string, string>>;

/** Resolves when it serves. */
export async function startWorker(args: readonly string[], env: Env): Promise<Child> {
  const worker = startChild({
    command: process.execPath,
    args,
    cwd: root,
    env: { ...cleanEnv(), ...env },
  });
  await untilReady(worker, "The worker", () => worker.output().includes('"ready":true'));
  return worker;
}
