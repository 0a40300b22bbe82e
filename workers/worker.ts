// One process that serves the task queues.
import Anthropic from "@anthropic-ai/sdk";
import { Client, Connection } from "@temporalio/client";
import {
  NativeConnection,
  type NativeConnectionOptions,
  Worker,
  type WorkerOptions,
  type WorkflowBundleOption,
} from "@temporalio/worker";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  createHostActivities,
  createModelActivities,
  createPullTranscript,
  createWatchActivities,
  stopLeftovers,
  sweepWorktrees,
} from "../activities/index.ts";
import { describe, isOpen } from "../activities/tasks/running-tree.ts";
import { toApiKey } from "../protocol/api-key.ts";
import { type Environment, type ModelEnvironment, SettingsError } from "../protocol/environment.ts";
import { toHostQueue, toQueues } from "../protocol/ids.ts";
import { keepJanitor } from "./keep-janitor.ts";
import { openBundle } from "./open-bundle.ts";
import { workflowEntries } from "./workflow-bundle.ts";

export interface WorkerSetup {
  readonly environment: Environment;
  readonly connection: NativeConnectionOptions;
  readonly namespace: string;
  readonly installation: string;
  readonly host: string;
  /** Where artifacts and the effect journal lie. */
  readonly dir: string;
  /** A bundle made before. Without one the workflows are bundled. */
  readonly workflowBundle?: WorkflowBundleOption;
}

export interface RunningWorkers {
  /** Settles when every worker has stopped, or has nothing left but a server that hangs. Rejects when one failed. */
  readonly done: Promise<void>;
  /** Stops taking work and gives work in flight its grace. */
  stop(): void;
}

const builtinDir = fileURLToPath(new URL("../agents", import.meta.url));

/** Watch activities only wait: they take no slot of anything that works. */
const watchSlots = 1_000;

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
    const common = toCommonOptions(setup, connection);
    const options = await toWorkerOptions(setup, client);
    const workers = await Promise.all(options.map((own) => Worker.create({ ...common, ...own })));
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
  const hasEnded = async (taskId: string): Promise<boolean> => {
    const found = await client.withAbortSignal(signal, () => describe(client, taskId));
    // Temporal keeps what has ended for a time, and what runs for ever.
    return !found || !isOpen(found);
  };
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

function toCommonOptions({ environment, namespace }: WorkerSetup, connection: NativeConnection) {
  return {
    connection,
    namespace,
    shutdownGraceTime: environment.graceMs,
    // Past the grace, work that ignores its cancellation is left behind: another attempt repeats it.
    shutdownForceTime: environment.graceMs + 5_000,
    // Cancellation arrives with the answer to a beat: at the default it took 22 s, so it takes one.
    maxHeartbeatThrottleInterval: "1s",
  } as const;
}

type Options = Omit<WorkerOptions, "connection" | "namespace">;

async function toWorkerOptions(setup: WorkerSetup, client: Client): Promise<readonly Options[]> {
  const { roles } = setup.environment;
  return [
    ...(roles.includes("workflows") ? await workflowOptions(setup, client) : []),
    ...(roles.includes("models") ? modelOptions(setup, client) : []),
    ...(roles.includes("tools") ? [hostOptions(setup)] : []),
  ];
}

async function workflowOptions(setup: WorkerSetup, client: Client): Promise<readonly Options[]> {
  const queues = toQueues(setup.installation);
  const version = setup.environment.deployment;
  const entry = workflowEntries[version ? "versioned" : "unversioned"];
  return [
    {
      workflowBundle: setup.workflowBundle ?? (await openBundle(entry, setup.dir)),
      ...(version && toVersion(version)),
      taskQueue: queues.workflows,
      // A dead worker's workflows, and questions about them, wait this long for it: at the default of 10 s
      // every model call that survived the worker stood still for as long.
      stickyQueueScheduleToStartTimeout: "3s",
    },
    {
      taskQueue: queues.watch,
      activities: { ...createWatchActivities(client) },
      maxConcurrentActivityTaskExecutions: watchSlots,
      // They only wait, and wait on elsewhere: no worker has to stay for them.
      shutdownGraceTime: 0,
    },
  ];
}

/**
 * Only workflows have versions: an activity is done by whoever serves its queue, so that one tools worker
 * on a host is enough for tasks of every version.
 */
function toVersion({ name, buildId }: NonNullable<Environment["deployment"]>) {
  return {
    workerDeploymentOptions: {
      version: { deploymentName: name, buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: "AUTO_UPGRADE",
    },
  } as const;
}

function modelOptions(
  { environment, installation }: WorkerSetup,
  client: Client,
): readonly Options[] {
  const queues = toQueues(installation);
  const { slots, model } = environment;
  const activities = createModelActivities({
    anthropic: toAnthropic(model),
    backend: model.backend,
    stallMs: model.stallMs,
    pullTranscript: createPullTranscript(client),
  });
  return [
    { taskQueue: queues.now, maxConcurrentActivityTaskExecutions: slots.now },
    { taskQueue: queues.models, maxConcurrentActivityTaskExecutions: slots.models },
    { taskQueue: queues.probes, maxConcurrentActivityTaskExecutions: slots.probes },
  ].map((options) => ({ ...options, activities: { ...activities } }));
}

function hostOptions({ environment, installation, host, dir }: WorkerSetup): Options {
  return {
    taskQueue: toHostQueue(installation, host),
    activities: {
      ...createHostActivities({ dir, host, builtinDir, commands: environment.commands }),
    },
    maxConcurrentActivityTaskExecutions: environment.slots.tools,
  };
}

/** The SDK finds no key of its own: which one is used is decided here. */
function toAnthropic(model: ModelEnvironment): Anthropic {
  const apiKey = toApiKey(model, (path) => readFileSync(path, "utf8"));
  if (!apiKey && !model.authToken && !model.baseUrl) {
    throw new SettingsError(
      "This worker has the role models and no key. Set ANTHROPIC_API_KEY, or leave models out of BOSUN_ROLES.",
    );
  }
  return new Anthropic({
    // A server of one's own may need none, and the SDK insists on one.
    apiKey: apiKey ?? (model.authToken ? null : "none"),
    ...(!apiKey && { authToken: model.authToken ?? null }),
    ...(model.baseUrl && { baseURL: model.baseUrl }),
    // Temporal is the only one that retries.
    maxRetries: 0,
    timeout: model.headersMs,
    openTelemetry: false,
  });
}
