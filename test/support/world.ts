// An installation of one test file, with real workers.
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inject } from "vitest";
import {
  type Bosun,
  connectBosun,
  type FeedEntry,
  type SupervisorHandle,
} from "../../client/index.ts";
import { isRequestError, type RequestErrorCode } from "../../client/request-error.ts";
import { parseEnvironment } from "../../protocol/environment.ts";
import { type RunningWorkers, startWorkers } from "../../workers/worker.ts";
import { servedBy, toPatient } from "./patience.ts";
import { quick } from "./quick.ts";
import { borrowModel, controlModel, type ModelControl } from "./scripted-model.ts";

export interface World {
  readonly bosun: Bosun;
  readonly model: ModelControl;
  readonly installation: string;
  readonly dir: string;
  readonly workspace: string;
  /** What a worker process of this world is started with. */
  readonly env: Readonly<Record<string, string>>;
  /** Starts a supervisor and resolves to its handle. */
  start(message?: string): Promise<SupervisorHandle>;
  /** A person at another terminal, to be closed by the test. */
  connect(): Promise<Bosun>;
  startWorkers(env?: Readonly<Record<string, string>>): Promise<RunningWorkers>;
  /** Stops all that run, gracefully. */
  stopWorkers(): Promise<void>;
  close(): Promise<void>;
}

export async function openWorld(
  options: { readonly env?: Readonly<Record<string, string>>; readonly workers?: boolean } = {},
): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), "bosun-test-"));
  const workspace = join(dir, "workspace");
  await mkdir(workspace, { recursive: true });
  await writeFile(join(workspace, "README.md"), "# A workspace\n\nOne line.\n");
  const installation = randomUUID().slice(0, 12);
  const address = inject("address");
  const scripted = await borrowModel();
  const model = controlModel(options.env?.["ANTHROPIC_BASE_URL"] ?? scripted.url);
  const env: Record<string, string> = {
    ...quick,
    BOSUN_DIR: join(dir, ".bosun"),
    BOSUN_INSTALLATION: installation,
    BOSUN_HOST: `host-${installation}`,
    BOSUN_BACKEND: "scripted",
    ANTHROPIC_API_KEY: "scripted",
    ANTHROPIC_BASE_URL: model.url,
    TEMPORAL_ADDRESS: address,
    ...options.env,
  };
  const environment = parseEnvironment(env);
  const host = `host-${installation}`;
  const running: RunningWorkers[] = [];
  const connect = async (): Promise<Bosun> => {
    const bosun = await connectBosun({ connection: { address }, installation, host, environment });
    const { connection } = bosun.client;
    const within = connection.withDeadline.bind(connection);
    connection.withDeadline = (at, call) => within(toPatient(at, installation), call);
    return bosun;
  };
  const bosun = await connect();
  const start = async (changed = {}): Promise<RunningWorkers> => {
    const its = parseEnvironment({ ...env, ...changed });
    const workers = await startWorkers({
      environment: its,
      connection: { address },
      namespace: "default",
      installation,
      host,
      dir: join(dir, ".bosun"),
      workflowBundle: { code: inject("bundle") },
    });
    running.push(workers);
    if (its.roles.includes("workflows")) servedBy(workers, installation);
    return workers;
  };
  const stopWorkers = async (): Promise<void> => {
    const stopping = running.splice(0);
    for (const workers of stopping) workers.stop();
    await Promise.all(stopping.map((workers) => workers.done));
  };
  if (options.workers ?? true) await start();
  return {
    bosun,
    model,
    installation,
    dir,
    workspace,
    env,
    start: async (message) => {
      const given = message === undefined ? {} : { message };
      return (await bosun.start({ workspace, ...given })).supervisor;
    },
    connect,
    startWorkers: start,
    stopWorkers,
    async close() {
      await stopWorkers();
      await bosun.close();
      await scripted.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export type Look<Value> = () => Promise<Value | null | undefined | false>;

export interface Patience {
  /** Less than the limit of the test, which would not say what was waited for. */
  readonly limitMs: number;
  readonly everyMs: number;
  /** What is no answer yet, and asked again. */
  readonly through: readonly RequestErrorCode[];
}

/** On a busy machine a worker may be too slow to answer in time. */
const usual: Patience = { limitMs: 45_000, everyMs: 50, through: ["noWorker"] };

/** Polls until a value is there: `false` and nothing at all are none. */
export async function until<Value>(
  what: string,
  look: Look<Value>,
  { limitMs, everyMs, through } = usual,
): Promise<Value> {
  const end = Date.now() + limitMs;
  while (Date.now() < end) {
    const found = await look().catch((error: unknown) => {
      if (isRequestError(error, ...through)) return undefined;
      throw error;
    });
    if (found !== null && found !== undefined && found !== false) return found;
    await sleep(everyMs);
  }
  throw new Error(`never came: ${what}`);
}

/** What a workflow has done and waits for, in lines: for the message of a wait that was in vain. */
export async function recordOf({ client }: Bosun, workflowId: string): Promise<string> {
  const handle = client.workflow.getHandle(workflowId);
  const { events } = await handle.fetchHistory();
  const { raw } = await handle.describe();
  const past = (events ?? []).map((event) => {
    const { seconds, nanos } = event.eventTime ?? {};
    const at = new Date(Number(seconds) * 1_000 + Number(nanos) / 1e6);
    const kind = Object.keys(event).find((key) => key.endsWith("EventAttributes"));
    return `${at.toISOString()} ${kind}`;
  });
  const open = (raw.pendingActivities ?? []).map((activity) => JSON.stringify(activity));
  return [...past, `now ${new Date().toISOString()}`, ...open].join("\n");
}

/** How many runs lists know of a workflow that continues as new. */
export async function runsOf({ bosun }: Pick<World, "bosun">, id: string): Promise<number> {
  return (await bosun.client.workflow.count(`WorkflowId = '${id}'`)).count;
}

/** The feed's first entry that fits, waited for. */
export async function untilFeed(
  supervisor: SupervisorHandle,
  fits: (entry: FeedEntry) => boolean,
): Promise<FeedEntry> {
  const look = async () => (await supervisor.feed()).entries.find((entry) => fits(entry));
  return await until("a feed entry", look).catch(async (error: Error) => {
    const { entries } = await supervisor.feed();
    const seen = entries.map(({ event }) => JSON.stringify(event)).join("\n");
    throw new Error(`${error.message}. The feed holds:\n${seen}`);
  });
}

export async function untilReply(
  supervisor: SupervisorHandle,
  words: string | RegExp,
): Promise<string> {
  const pattern = new RegExp(words);
  const found = await untilFeed(
    supervisor,
    ({ event }) => event.type === "reply" && pattern.test(event.text),
  );
  return found.event.type === "reply" ? found.event.text : "";
}
