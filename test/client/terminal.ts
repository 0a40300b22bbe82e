// A command line without a terminal, for tests.
import { AsyncLocalStorage } from "node:async_hooks";
import { Readable, Writable } from "node:stream";
import { Connection } from "@temporalio/client";
import type { Context } from "../../client/commands/context.ts";
import { run } from "../../client/run.ts";
import type { Env } from "../../protocol/environment.ts";
import { toPatient } from "../support/patience.ts";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Standard output as JSON. */
  json(): unknown;
}

/** The installation that a command is about, for its connections. */
const asked = new AsyncLocalStorage<string | undefined>();
// oxlint-disable-next-line typescript/unbound-method -- it is called on a connection below
const within = Connection.prototype.withDeadline;
Connection.prototype.withDeadline = function <Answer>(
  this: Connection,
  deadline: number | Date,
  call: () => Promise<Answer>,
): Promise<Answer> {
  return within.call(this, toPatient(deadline, asked.getStore()), call) as Promise<Answer>;
};

export async function runBosun(
  args: readonly string[],
  place: {
    readonly env: Env;
    readonly cwd: string;
    readonly input?: string;
    readonly columns?: number;
    /** Hears each note as it is written. */
    readonly heard?: (text: string) => void;
  },
): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const context: Context = {
    env: place.env,
    cwd: place.cwd,
    print: (text) => out.push(`${text}\n`),
    note: (text) => {
      err.push(`${text}\n`);
      place.heard?.(text);
    },
    json: (value) => out.push(`${JSON.stringify(value)}\n`),
    isTty: false,
    color: false,
    input: Readable.from(place.input === undefined ? [] : [Buffer.from(place.input)]),
    output: new Writable({ write: (_chunk, _encoding, done) => done() }),
    columns: () => place.columns ?? 80,
  };
  const code = await asked.run(place.env["BOSUN_INSTALLATION"], () => run(args, context));
  return { code, out: out.join(""), err: err.join(""), json: () => JSON.parse(out.join("")) };
}
