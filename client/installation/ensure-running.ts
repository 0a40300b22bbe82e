// The server and the model of an installation, started once.
import type { Env } from "../../protocol/environment.ts";
import { scriptedBackend } from "../../protocol/models.ts";
import { CommandError } from "../command-error.ts";
import { startServer } from "./embedded-server.ts";
import type { Installation } from "./installation.ts";
import { isAlive, type Mark, ownMark, isSame, stop } from "./processes.ts";
import { noteProcesses, readProcesses, readRun, type RunFile, writeRun } from "./run-file.ts";
import {
  callsModels,
  needsScriptedModel,
  type ScriptedModel,
  startScriptedModel,
  toBackend,
} from "./scripted-model.ts";
import {
  answers,
  connect,
  embeddedOptions,
  externalOptions,
  isExternal,
} from "./temporal-connection.ts";
import { getTemporalProgram } from "./temporal-program.ts";
import { liveUsers } from "./users.ts";

interface Options {
  readonly installation: Installation;
  readonly env: Env;
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

interface Running {
  readonly run: RunFile;
  readonly attached: boolean;
}

/** Starts what is not there, and writes run.json. Under the lock. */
export async function ensureRunning(options: Options): Promise<Running> {
  const found = await findUsable(options);
  if (found === undefined) return { run: await startAll(options), attached: false };
  if (callsModels(options.env)) refuseOtherBackend(found, toBackend(options.env));
  return { run: await ensureModel(options, found), attached: true };
}

/** What runs and may be joined. What cannot be used is ended, or refused with a remedy. */
async function findUsable({ installation, env }: Options): Promise<RunFile | undefined> {
  const { dir } = installation;
  const run = readRun(dir);
  const { server, model } = readProcesses(dir);
  if (run?.serverPid === null) {
    // On a server of somebody else's nothing is ours but the model.
    if (hasOtherUsers(dir)) return refuseOtherServer(run, env);
    await stopAll([model]);
    return undefined;
  }
  if (run === undefined || server === undefined || !isAlive(server)) {
    // Also a server whose starter was killed before it could say where it is.
    await stopAll([server, model]);
    return undefined;
  }
  refuseOtherServer(run, env);
  if (await answers(embeddedOptions(dir, run.temporalAddress))) return run;
  throw new CommandError(
    `The Temporal server of this installation (process ${server.pid}) does not answer at ${run.temporalAddress}. Stop it with: bosun down`,
  );
}

async function startAll(options: Options): Promise<RunFile> {
  const { dir } = options.installation;
  // Both, also when one fails: then whoever cleans up knows all that was started.
  const [server, model] = await Promise.allSettled([
    isExternal(options.env) ? joinServer(options.env) : ownServer(options),
    needsScriptedModel(options.env) ? ownModel(options, 0) : undefined,
  ]);
  if (server.status === "rejected") throw server.reason;
  if (model.status === "rejected") throw model.reason;
  const run = {
    ...server.value,
    workerPids: [],
    dir,
    modelUrl: model.value?.url ?? null,
    modelPid: model.value?.mark.pid ?? null,
    backend: toBackend(options.env),
  };
  writeRun(run);
  return run;
}

type ServerPart = Pick<RunFile, "temporalAddress" | "namespace" | "uiUrl" | "serverPid">;

/** The server that a person names, once it has answered. */
export async function joinServer(env: Env): Promise<ServerPart> {
  const options = externalOptions(env);
  const connection = await connect(options);
  await connection.close();
  const { address, namespace } = options;
  return { temporalAddress: address, namespace, uiUrl: null, serverPid: null };
}

async function ownServer({ installation, env, onProgress, signal }: Options): Promise<ServerPart> {
  const program = await getTemporalProgram({ env, signal, onProgress });
  onProgress("Starting the Temporal server");
  const server = await startServer({
    dir: installation.dir,
    program,
    env,
    signal,
    onSpawn: ({ mark }) => noteProcesses(installation.dir, { server: mark }),
  });
  const { address: temporalAddress, uiUrl, mark } = server;
  return { temporalAddress, namespace: "default", uiUrl, serverPid: mark.pid };
}

function ownModel({ installation, env, signal }: Options, port: number): Promise<ScriptedModel> {
  return startScriptedModel({
    dir: installation.dir,
    env,
    port,
    signal,
    onSpawn: ({ mark }) => noteProcesses(installation.dir, { model: mark }),
  });
}

/** Starts a model that has ended again, where the workers look for it. */
async function ensureModel(options: Options, run: RunFile): Promise<RunFile> {
  const { model } = readProcesses(run.dir);
  if (run.modelUrl === null || (model && isAlive(model))) return run;
  options.onProgress("Starting the scripted model again");
  const again = await ownModel(options, Number(new URL(run.modelUrl).port));
  const now = { ...run, modelUrl: again.url, modelPid: again.mark.pid };
  writeRun(now);
  return now;
}

function refuseOtherBackend(run: RunFile, wanted: string): void {
  if (run.backend === wanted) return;
  const remedy =
    wanted === scriptedBackend
      ? "Set the same ANTHROPIC_API_KEY (or ANTHROPIC_BASE_URL) here, or stop it first: bosun down"
      : "Unset ANTHROPIC_API_KEY, ANTHROPIC_AUTH_TOKEN and ANTHROPIC_BASE_URL, or stop it first: bosun down";
  throw new CommandError(
    `Bosun runs here with the backend ${run.backend}, and this start asks for ${wanted}. ${remedy}`,
  );
}

function refuseOtherServer(run: RunFile, env: Env): RunFile {
  const wanted = isExternal(env) ? externalOptions(env).address : undefined;
  const same = run.serverPid === null ? wanted === run.temporalAddress : wanted === undefined;
  if (same || wanted === run.temporalAddress) return run;
  throw new CommandError(
    `Bosun runs here on the Temporal server ${run.temporalAddress}, and this start asks for ${wanted ?? "one of its own"}. ${wanted === undefined ? "Set" : "Change or unset"} TEMPORAL_ADDRESS, or stop it first: bosun down`,
  );
}

function hasOtherUsers(dir: string): boolean {
  return liveUsers(dir).some(({ mark }) => !isSame(mark, ownMark()));
}

async function stopAll(marks: readonly (Mark | undefined)[]): Promise<void> {
  await Promise.all(marks.map(async (mark) => mark && stop(mark, 5_000)));
}
