// A process of a test, gone when the test file is.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

export interface Child {
  readonly pid: number;
  /** Everything it has written so far. */
  readonly output: () => string;
  signal(name: NodeJS.Signals): void;
  /** Sends a signal and waits until the process has ended. */
  end(name: NodeJS.Signals): Promise<void>;
  readonly ended: Promise<number | null>;
}

interface Order {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

const living = new Set<ChildProcess>();
process.on("exit", () => living.forEach((child) => child.kill("SIGKILL")));

const keptOutput = 20_000;

export function startChild({ command, args, cwd, env }: Order): Child {
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  living.add(child);
  let output = "";
  const keep = (text: string): void => {
    output = (output + text).slice(-keptOutput);
  };
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  const ended = once(child, "close").then(([code]) => {
    living.delete(child);
    return code as number | null;
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    signal: (name) => void child.kill(name),
    async end(name) {
      child.kill(name);
      await ended;
    },
    ended,
  };
}

/** Waits until a child is ready. Throws with its words when it ends before. */
export async function untilReady(
  child: Child,
  name: string,
  isReady: () => boolean | Promise<boolean>,
): Promise<void> {
  let gone = false;
  void child.ended.then(() => (gone = true));
  for (let tries = 0; tries < 1_200; tries += 1) {
    if (await isReady()) return;
    if (gone) throw new Error(`${name} ended before it was ready:\n${child.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} was not ready within a minute:\n${child.output()}`);
}
