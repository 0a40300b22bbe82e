// A worker that dies by itself is replaced.
import { reason } from "../command-error.ts";
import { isAlive, type Mark } from "./processes.ts";

interface TendOptions {
  readonly dir: string;
  readonly first: Mark | undefined;
  readonly start: () => Promise<Mark>;
  readonly onProgress: (line: string) => void;
}

interface Tended {
  /** Looks after the worker. Names it when it is gone for good. */
  check(): string | undefined;
  /** From now on nothing is replaced. Resolves when a start under way is over. */
  stop(): Promise<void>;
}

/** A worker that dies again and again has a cause that a new one does not cure. */
const mostReplacements = 3;
/** One that lived this long, in milliseconds, died of something else. */
const healthyMs = 300_000;

export function tendWorker({ dir, first, start, onProgress }: TendOptions): Tended {
  let worker = first;
  let left = mostReplacements;
  let since = performance.now();
  let failed = "";
  let starting: Promise<void> | undefined;
  let stopped = false;
  const logOf = ({ pid }: Mark): string => `Its log: ${dir}/logs/worker-${pid}.log`;
  const replace = async (dead: Mark): Promise<void> => {
    left -= 1;
    onProgress(`The worker ended by itself, another one takes over. ${logOf(dead)}`);
    try {
      worker = await start();
    } catch (error) {
      failed = reason(error);
    }
    since = performance.now();
    starting = undefined;
  };
  return {
    check() {
      if (failed) return failed;
      if (stopped || starting || worker === undefined || isAlive(worker)) return undefined;
      if (performance.now() - since > healthyMs) left = mostReplacements;
      if (left === 0) return `The worker ended again and again. ${logOf(worker)}`;
      starting = replace(worker);
      return undefined;
    },
    async stop() {
      stopped = true;
      await starting;
    },
  };
}
