// Worker processes of this installation.
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Env } from "../../protocol/environment.ts";
import {
  type Background,
  firstJsonLine,
  renameLog,
  startInBackground,
  untilReady,
} from "./background.ts";
import { nodeArguments, root } from "./clone.ts";

/**
 * What Node is given to run a worker. With less room for what is new, 200 waiting tasks take 100 MB less,
 * and no measurable time more.
 */
export const workerArguments = ["--max-semi-space-size=4", ...nodeArguments("workers/main.ts")];
/** The same in the background, with another one when it dies. */
const keptArguments = [join(root, "scripts", "keep-worker.mjs"), ...workerArguments];
const logsKept = 10;
const readyShape = z.object({ ready: z.literal(true) });

/** Starts a worker and waits until it polls. The process is the one that replaces it when it dies. */
export async function startWorker(order: {
  readonly dir: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  readonly onSpawn: (worker: Background) => void;
}): Promise<Background> {
  const logs = join(order.dir, "logs");
  removeOldLogs(logs);
  const name = "The worker";
  const unnamed = await startInBackground({
    name,
    command: process.execPath,
    args: keptArguments,
    // Certificates may be named relative to where the person stands.
    cwd: order.cwd,
    env: order.env,
    log: join(logs, `worker-of-${process.pid}.log`),
  });
  order.onSpawn(unnamed);
  const worker = renameLog(unnamed, `worker-${unnamed.mark.pid}.log`);
  return untilReady(worker, { name, timeoutMs: 60_000, signal: order.signal }, async () =>
    readyShape.safeParse(firstJsonLine(worker.log)).success ? worker : undefined,
  );
}

/** How long an interactive command lets its worker finish, unless the person said. */
export function interactiveGraceMs(env: Env): number {
  const said = Number(env["BOSUN_GRACE_MS"]?.trim() || 2_000);
  return Number.isFinite(said) ? said : 2_000;
}

function removeOldLogs(folder: string): void {
  readdirSync(folder)
    .filter((name) => name.startsWith("worker-"))
    .map((name) => join(folder, name))
    .toSorted((a, b) => age(a) - age(b))
    .slice(logsKept)
    .forEach((path) => rmSync(path, { force: true }));
}

function age(path: string): number {
  return -(statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
}
