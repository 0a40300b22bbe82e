// Brings an installation up, or joins the one that runs.
import { type Env, parseEnvironment } from "../../protocol/environment.ts";
import type { Background } from "./background.ts";
import { toWorkerEnv } from "./child-env.ts";
import { ensureRunning } from "./ensure-running.ts";
import type { Installation } from "./installation.ts";
import { leave } from "./leave.ts";
import { isAlive, type Mark, ownMark } from "./processes.ts";
import { readProcesses, readRun, type RunFile, writeRun } from "./run-file.ts";
import { withStateLock } from "./state-lock.ts";
import { findUser, liveWorkers, register, sweepUsers } from "./users.ts";
import { interactiveGraceMs, startWorker } from "./workers.ts";

interface BringUpOptions {
  readonly installation: Installation;
  readonly env: Env;
  readonly cwd: string;
  /** A line about what is being done, for a person. */
  readonly onProgress: (line: string) => void;
  /** Whether to bring a worker along, unless workers run elsewhere. */
  readonly worker: boolean;
  /** Aborting undoes what was begun, and rejects. */
  readonly signal?: AbortSignal | undefined;
}

/** This process as a user of what runs. Call `leave` in the end. */
export interface Session {
  readonly run: RunFile;
  /** Whether it ran before. */
  readonly attached: boolean;
  /** Names what is gone for good. Ask it now and then. */
  lost(): string | undefined;
  /** Stops the worker, and everything when nobody else uses it. Takes 3 s at most. */
  leave(): Promise<void>;
}

/** Server, scripted model where there is no key, and a worker, used by this process until it leaves. */
export async function bringUp(options: BringUpOptions): Promise<Session> {
  const { dir } = options.installation;
  const me = ownMark();
  const goAway = () => leave(dir, me, interactiveGraceMs(options.env));
  try {
    const { run, attached } = await withStateLock(dir, options, async () => {
      await sweepUsers(dir);
      register(dir, { mark: me, workers: [] });
      return ensureRunning(options);
    });
    const brings = options.worker && parseEnvironment(options.env).roles.length > 0;
    const worker = brings ? await bringWorker(options, run, me) : undefined;
    const now = await withStateLock(dir, options, async () => noteWorkers(run));
    return {
      run: now,
      attached,
      // Of what runs elsewhere nothing is ours to lose, whatever others do with this folder.
      lost: () => (isElsewhere(run) && !brings ? undefined : findLoss(dir, worker)),
      leave: goAway,
    };
  } catch (error) {
    await goAway();
    throw error;
  }
}

/** The same, left in the background: it ends with `takeDown`, not with this process. */
export async function bringUpDetached(
  options: Omit<BringUpOptions, "worker">,
): Promise<Pick<Session, "run" | "attached">> {
  const { dir } = options.installation;
  const session = await bringUp({ ...options, worker: !isKept(dir) });
  try {
    const run = await withStateLock(dir, options, async () => {
      if (!isKept(dir)) handOver(dir, ownMark());
      return noteWorkers(session.run);
    });
    return { run, attached: session.attached };
  } finally {
    await session.leave();
  }
}

/** Whether a worker in the background serves here already. */
function isKept(dir: string): boolean {
  const { server } = readProcesses(dir);
  const keeper = server === undefined ? undefined : findUser(dir, server);
  return keeper?.workers.some(isAlive) ?? false;
}

/** From now on the server uses the worker, or the worker itself where the server is not ours. */
function handOver(dir: string, from: Mark): void {
  const workers = findUser(dir, from)?.workers ?? [];
  const keeper = readProcesses(dir).server ?? workers[0];
  if (keeper === undefined) return;
  register(dir, { mark: keeper, workers });
  register(dir, { mark: from, workers: [] });
}

function bringWorker(options: BringUpOptions, run: RunFile, me: Mark): Promise<Background> {
  const { installation, env, cwd, signal } = options;
  options.onProgress("Starting a worker");
  return startWorker({
    dir: installation.dir,
    cwd,
    env: {
      ...toWorkerEnv(installation, env, run),
      BOSUN_GRACE_MS: String(interactiveGraceMs(env)),
    },
    signal,
    onSpawn: ({ mark }) => register(installation.dir, { mark: me, workers: [mark] }),
  });
}

function noteWorkers(known: RunFile): RunFile {
  const workerPids = liveWorkers(known.dir).map(({ pid }) => pid);
  const run = { ...(readRun(known.dir) ?? known), workerPids };
  writeRun(run);
  return run;
}

function isElsewhere({ serverPid, modelPid }: RunFile): boolean {
  return serverPid === null && modelPid === null;
}

function findLoss(dir: string, worker: Background | undefined): string | undefined {
  const { server } = readProcesses(dir);
  const run = readRun(dir);
  const serverIsGone =
    run === undefined || (run.serverPid !== null && !(server && isAlive(server)));
  if (serverIsGone) return `The Temporal server was stopped. Its log: ${dir}/logs/server.log`;
  if (worker === undefined || isAlive(worker.mark)) return undefined;
  return `The worker has ended, and is not replaced any more. Its log: ${worker.log}`;
}
