// Processes in the background, with a log each.
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CommandError } from "../command-error.ts";
import { isAlive, type Mark, markOf } from "./processes.ts";
import { readText } from "./state-files.ts";

export interface Background {
  readonly mark: Mark;
  readonly log: string;
}

interface Order {
  /** What a person calls it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: string;
}

/** Starts a process that outlives this one, in a group of its own so that Ctrl-C does not reach it. */
export async function startInBackground(order: Order): Promise<Background> {
  // One old log is kept, so logs are bounded by what two starts write.
  if (existsSync(order.log)) renameSync(order.log, `${order.log}.1`);
  const log = openSync(order.log, "a", 0o600);
  const child = spawn(order.command, order.args, {
    cwd: order.cwd,
    env: order.env,
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const failed = new Promise<Error>((resolve) => child.once("error", resolve));
  child.unref();
  if (child.pid === undefined) {
    throw new CommandError(`${order.name} cannot be started: ${(await failed).message}`);
  }
  // A process that ended at once has no start any more. Its log says why.
  return { mark: markOf(child.pid) ?? { pid: child.pid, start: "ended" }, log: order.log };
}

/** A worker's log carries its process id, which is known only now. */
export function renameLog(background: Background, name: string): Background {
  const log = join(dirname(background.log), name);
  renameSync(background.log, log);
  return { ...background, log };
}

interface Patience {
  readonly name: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Waits until `ask` has an answer. Throws with the end of the log when the process ends first. */
export async function untilReady<T>(
  background: Background,
  patience: Patience,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + patience.timeoutMs;
  for (;;) {
    patience.signal?.throwIfAborted();
    const alive = isAlive(background.mark);
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (!alive) throw withLog(`${patience.name} ended before it was ready.`, background.log);
    if (performance.now() > end) {
      const seconds = Math.round(patience.timeoutMs / 1_000);
      throw withLog(`${patience.name} was not ready within ${seconds} s.`, background.log);
    }
    await sleep(25);
  }
}

/** The first line of JSON in a log, which is how our processes say that they are ready. */
export function firstJsonLine(log: string): unknown {
  const line = (readText(log) ?? "").split("\n").find((text) => /^\{.*\}$/.test(text));
  return line === undefined ? undefined : JSON.parse(line);
}

function withLog(message: string, log: string): CommandError {
  return new CommandError(`${message}\n${tail(log)}\nMore in ${log}`);
}

/** The last lines of a log, indented. */
function tail(log: string, lines = 12): string {
  const text = (readText(log) ?? "").trimEnd();
  const last = text.split("\n").slice(-lines);
  return text === "" ? "  (its log is empty)" : last.map((line) => `  ${line}`).join("\n");
}
