// What each role serves, and how much of it at once.
import Anthropic from "@anthropic-ai/sdk";
import type { Client } from "@temporalio/client";
import type {
  NativeConnection,
  NativeConnectionOptions,
  WorkerOptions,
  WorkflowBundleOption,
} from "@temporalio/worker";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  createHostActivities,
  createModelActivities,
  createPullTranscript,
  createWatchActivities,
} from "../activities/index.ts";
import { toApiKey } from "../protocol/api-key.ts";
import { type Environment, type ModelEnvironment, SettingsError } from "../protocol/environment.ts";
import { toHostQueue, toQueues } from "../protocol/ids.ts";
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

const builtinDir = fileURLToPath(new URL("../agents", import.meta.url));

/** Watch activities only wait: they take no slot of anything that works. */
const watchSlots = 1_000;

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

/** One worker for each task queue. */
export async function toWorkerOptions(
  setup: WorkerSetup,
  connection: NativeConnection,
  client: Client,
): Promise<readonly WorkerOptions[]> {
  const { roles } = setup.environment;
  const common = toCommonOptions(setup, connection);
  const own = [
    ...(roles.includes("workflows") ? await workflowOptions(setup, client) : []),
    ...(roles.includes("models") ? modelOptions(setup, client) : []),
    ...(roles.includes("tools") ? [hostOptions(setup)] : []),
  ];
  return own.map((options) => ({ ...common, ...options }));
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
