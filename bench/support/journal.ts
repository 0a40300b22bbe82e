// When requests reached the model, and when answers ended.
import { setTimeout as sleep } from "node:timers/promises";

export interface Call {
  readonly agent: "supervisor" | "task";
  /** Milliseconds of the clock that both sides are measured by. */
  readonly startedAt: number;
  /** Infinity while it is under way. */
  readonly endedAt: number;
}

export interface Journal {
  /** Calls whose request contains a text, in order. */
  read(match?: string): Promise<readonly Call[]>;
  /** The same once they are as many as wanted, all have ended and no further one comes. */
  settled(fits: (calls: readonly Call[]) => boolean): Promise<readonly Call[]>;
  clear(): Promise<void>;
}

interface Answer {
  readonly last: number;
  readonly entries: readonly {
    readonly startedAt: string;
    readonly endedAt: string | null;
    readonly request: { readonly system: unknown };
    readonly outcome: { readonly status: number; readonly error?: string };
  }[];
}

/** As long as this no request comes after the last one. */
const stillMs = 400;

export function openJournal(url: string): Journal {
  const ask = async (query: string): Promise<Answer> =>
    (await (await fetch(`${url}/control/journal?${query}`)).json()) as Answer;
  const read = async (match = ""): Promise<readonly Call[]> =>
    (await ask(`match=${encodeURIComponent(match)}`)).entries.map(toCall);
  /** Cheap, whatever the journal holds. */
  const count = async (): Promise<number> => (await ask("after=1000000000")).last;
  return {
    read,
    async settled(fits) {
      for (let tries = 0; tries < 1_000; tries += 1) {
        const before = await count();
        await sleep(stillMs);
        if ((await count()) !== before) continue;
        const calls = await read();
        if (fits(calls) && calls.every(({ endedAt }) => endedAt < Infinity)) return calls;
      }
      throw new Error(`The calls never came. There were ${JSON.stringify(await read())}`);
    },
    clear: async () => void (await fetch(`${url}/control/journal`, { method: "DELETE" })),
  };
}

function toCall({ startedAt, endedAt, request, outcome }: Answer["entries"][number]): Call {
  if (outcome.error) throw new Error(`The model refused a call: ${outcome.error}`);
  return {
    agent: JSON.stringify(request.system).includes("# supervisor") ? "supervisor" : "task",
    startedAt: Date.parse(startedAt),
    endedAt: endedAt === null ? Infinity : Date.parse(endedAt),
  };
}

export const ofTasks = (calls: readonly Call[]): readonly Call[] =>
  calls.filter(({ agent }) => agent === "task");

/** From the first request of a task to the last answer, in milliseconds. */
export function spanOf(calls: readonly Call[]): number {
  const starts = ofTasks(calls).map(({ startedAt }) => startedAt);
  const ends = ofTasks(calls).map(({ endedAt }) => endedAt);
  return Math.max(...ends) - Math.min(...starts);
}
