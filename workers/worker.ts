// One process that serves the task queues, from its start to its end.
import { Client, Connection } from "@temporalio/client";
import { NativeConnection, Worker } from "@temporalio/worker";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { stopLeftovers, sweepWorktrees } from "../activities/index.ts";
import { isRunning } from "../activities/tasks/running-tree.ts";
import { keepJanitor } from "./keep-janitor.ts";
import { toWorkerOptions, type WorkerSetup } from "./worker-options.ts";

export interface RunningWorkers {
  /** Settles when every worker has stopped, or has nothing left but a server that hangs. Rejects when one failed. */
  readonly done: Promise<void>;
  /** Stops taking work and gives work in flight its grace. */
  stop(): void;
}

export async function startWorkers(setup: WorkerSetup): Promise<RunningWorkers> {
  // Before anything new begins: a killed worker leaves its commands running.
  if (setup.environment.roles.includes("tools")) await stopLeftovers(setup.dir);
  const connection = await NativeConnection.connect(setup.connection);
  // Over a Connection of its own: a client on the native one cannot abort its long polls.
  const asking = await Connection.connect(setup.connection);
  const client = new Client({ connection: asking, namespace: setup.namespace });
  const close = async (): Promise<void> => {
    await connection.close();
    await asking.close();
  };
  try {
    const options = await toWorkerOptions(setup, connection, client);
    const workers = await Promise.all(options.map((own) => Worker.create(own)));
    const { environment, installation } = setup;
    const leave = environment.roles.includes("workflows")
      ? keepJanitor(client, installation, environment)
      : () => undefined;
    const sweep = environment.roles.includes("tools") ? startSweep(setup, client) : undefined;
    const stopping = new AbortController();
    const stop = (): void => {
      leave();
      workers.forEach(stopOnce);
      stopping.abort();
    };
    // One that fails takes the others along, whose work in flight has its grace.
    const runs = workers.map((worker) => worker.run().finally(stop));
    const ended = Promise.allSettled(runs)
      .then(() => sweep?.stop())
      .then(close)
      .then(() => Promise.all(runs))
      .then(() => undefined);
    const idle = once(stopping.signal, "abort").then(() => untilIdle(workers));
    return { done: Promise.race([ended, idle]), stop };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Beside the work: nothing waits for it, and what fails of it is left for the next start. */
function startSweep({ dir, environment }: WorkerSetup, client: Client) {
  const stopping = new AbortController();
  const { signal } = stopping;
  const deps = { dir, env: environment.commands.env };
  // Temporal keeps what has ended for a time, and what runs for ever.
  const hasEnded = async (taskId: string): Promise<boolean> =>
    !(await client.withAbortSignal(signal, () => isRunning(client, taskId)));
  const swept = sweepWorktrees(deps, hasEnded, signal).catch(() => undefined);
  return {
    stop: async (): Promise<void> => {
      stopping.abort();
      await swept;
    },
  };
}

const isIdle = (worker: Worker): boolean => /^(DRAINED|STOPPED|FAILED)$/.test(worker.getState());

/** Where the server hangs, each worker would wait half a minute only to tell it good-bye. */
const goodbyeMs = 2_000;

/** Resolves when the work of all is over and has been handed in, and the server had time to hear of it. */
async function untilIdle(workers: readonly Worker[]): Promise<void> {
  while (!workers.every(isIdle)) await sleep(100);
  await sleep(goodbyeMs);
}

function stopOnce(worker: Worker): void {
  if (worker.getState() === "RUNNING") worker.shutdown();
}
