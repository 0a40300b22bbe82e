// A shell command, to the end of all it started.
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type ProcessGroup, stopGroup, tagVariable } from "./process-group.ts";
import { markOf } from "./processes.ts";
import { ToolProblem } from "../tool-problem.ts";
import { whenAborted } from "../when-aborted.ts";

export interface Execution {
  /** The program with its arguments. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Output beyond it ends the command. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Puts the group on record. Nothing of the command runs before that. */
  record(group: ProcessGroup): Promise<void>;
}

export interface Executed {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it was stopped, when it did not end by itself. */
  readonly stopped?: "time" | "flood" | "asked";
  readonly output: Buffer;
  /** Processes that were still there when the command had ended. */
  readonly left: number;
  readonly ms: number;
}

/** Waits for a line before the command begins. A worker that dies first closes the pipe: then it never does. */
const gate = 'read -r _ <&3 || exit 125; exec 3<&-; exec "$@"';

/** The command's own shell, both streams in the order they were written. */
export function toShell(command: string): readonly string[] {
  return ["sh", "-c", 'exec "$(command -v bash || echo sh)" -c "$0" 2>&1', command];
}

export async function execute(execution: Execution): Promise<Executed> {
  const { signal, timeoutMs } = execution;
  const { child, group } = await startGated(execution);
  const ended = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  const watch = watchOutput(child, execution.maxBytes);
  const timer = new AbortController();
  const began = performance.now();
  try {
    await execution.record(group);
    if (!signal.aborted) openGate(child);
    const stopped = await Promise.race([
      ended.then(() => undefined),
      watch.flooded.then(() => "flood" as const),
      whenAborted(signal, timer.signal).then(() => "asked" as const),
      sleep(timeoutMs, "time" as const, { signal: timer.signal }).catch(() => undefined),
    ]);
    const ms = performance.now() - began;
    const found = await stopGroup(group);
    const [code, by] = await Promise.race([ended, sleep(1_000, [null, null] as const)]);
    await Promise.race([watch.closed, sleep(500)]);
    return {
      code,
      signal: by,
      output: watch.take(),
      left: stopped ? 0 : found,
      ms,
      ...(stopped && { stopped }),
    };
  } finally {
    timer.abort();
    // Also when it could not be recorded.
    await stopGroup(group, 0);
    for (const stream of child.stdio) stream?.destroy();
  }
}

async function startGated({ command, cwd, env }: Execution) {
  const tag = randomUUID();
  const child = spawn("sh", ["-c", gate, "sh", ...command], {
    cwd,
    env: { ...env, [tagVariable]: tag },
    // A session and a process group of its own.
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  try {
    await once(child, "spawn");
  } catch (error) {
    throw new ToolProblem(`The command could not be started: ${String(error)}.`);
  }
  // A broken pipe is told by the end of the process.
  child.stdio[3]?.on("error", () => undefined);
  const mark = markOf(child.pid ?? 0);
  if (mark) return { child, group: { ...mark, tag } };
  child.kill("SIGKILL");
  throw new ToolProblem("The command was not run: this host shows no start time of processes.");
}

function openGate(child: ChildProcess): void {
  (child.stdio[3] as Writable | null)?.end("\n");
}

function watchOutput(child: ChildProcess, maxBytes: number) {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const flooded = new Promise<void>((resolve) => {
    const take = (data: Buffer): void => {
      if (bytes < maxBytes) chunks.push(data.subarray(0, maxBytes - bytes));
      bytes += data.length;
      if (bytes > maxBytes) resolve();
    };
    for (const stream of [child.stdout, child.stderr] as (Readable | null)[]) {
      stream?.on("data", take);
    }
  });
  const closed = once(child, "close").then(() => undefined);
  return { flooded, closed, take: () => Buffer.concat(chunks) };
}
