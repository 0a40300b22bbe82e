// A worker in the foreground.
import { spawn } from "node:child_process";
import { type Env, parseEnvironment } from "../../protocol/environment.ts";
import { CommandError } from "../command-error.ts";
import { toWorkerEnv } from "./child-env.ts";
import { joinServer } from "./ensure-running.ts";
import { findRunning } from "./find-running.ts";
import type { Installation } from "./installation.ts";
import { onInterrupt } from "./interrupts.ts";
import { leave } from "./leave.ts";
import { markOf, ownMark } from "./processes.ts";
import type { RunFile } from "./run-file.ts";
import { toBackend } from "./scripted-model.ts";
import { withStateLock } from "./state-lock.ts";
import { isExternal } from "./temporal-connection.ts";
import { register, sweepUsers } from "./users.ts";
import { workerArguments } from "./workers.ts";

interface Order {
  readonly installation: Installation;
  readonly env: Env;
  readonly cwd: string;
}

/** Runs a worker with our terminal until it ends, and resolves to its exit code. */
export async function runWorker(order: Order): Promise<number> {
  const { installation, env, cwd } = order;
  const { graceMs } = parseEnvironment(env);
  const { dir } = installation;
  const me = ownMark();
  const run = await withStateLock(dir, {}, async () => {
    await sweepUsers(dir);
    const found = (await findRunning(installation, env)) ?? (await elsewhere(installation, env));
    // From here on the server stays up for this worker.
    register(dir, { mark: me, workers: [] });
    return found;
  });
  // A group of its own: Ctrl-C reaches it once, from here, and a second one means at once.
  const child = spawn(process.execPath, workerArguments, {
    cwd,
    env: toWorkerEnv(installation, env, run),
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const mark = child.pid === undefined ? undefined : markOf(child.pid);
  register(dir, { mark: me, workers: mark ? [mark] : [] });
  const pass = () => void child.kill("SIGTERM");
  const stopListening = onInterrupt(pass, pass);
  try {
    return await exitCode(child);
  } finally {
    stopListening();
    await leave(dir, me, graceMs);
  }
}

/** A server that a person names needs nothing of ours to run. */
async function elsewhere({ dir }: Installation, env: Env): Promise<RunFile> {
  if (!isExternal(env)) {
    throw new CommandError(
      "There is no server to work for. Start one with: bosun up (or npm start), or set TEMPORAL_ADDRESS",
    );
  }
  const server = await joinServer(env);
  const model = { modelUrl: null, modelPid: null, backend: toBackend(env) };
  return { ...server, workerPids: [], dir, ...model };
}

function exitCode(child: ReturnType<typeof spawn>): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
