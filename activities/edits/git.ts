// Git as a child process that asks nobody and runs no hook.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import { finished } from "node:stream/promises";
import { cutText } from "../../protocol/text.ts";

export interface GitOptions {
  readonly cwd: string;
  /** Beside the environment of every call. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly signal?: AbortSignal;
  /** Where the output goes instead of into memory. */
  readonly toFile?: string;
  /** Output beyond it ends the call as a `GitFailure` that says so. */
  readonly maxBytes?: number;
}

export interface GitAnswer {
  readonly code: number;
  readonly out: Buffer;
  readonly err: string;
}

/** Git said no, does not run, or took too long. */
export class GitFailure extends Error {
  override readonly name = "GitFailure";
  readonly kind: "refused" | "missing" | "tooLarge";

  constructor(message: string, kind: GitFailure["kind"] = "refused") {
    super(message);
    this.kind = kind;
  }
}

export interface Git {
  /** The answer of a call that ends well. Throws `GitFailure` otherwise. */
  run(args: readonly string[], options: GitOptions): Promise<Buffer>;
  /** The same for an answer of one line. */
  line(args: readonly string[], options: GitOptions): Promise<string>;
  /** The same for what `-z` separates. */
  list(args: readonly string[], options: GitOptions): Promise<readonly string[]>;
  /** The answer, whatever the exit code. Throws only when git cannot be run to its end. */
  try(args: readonly string[], options: GitOptions): Promise<GitAnswer>;
  /** The whole environment of a call, for whoever starts git otherwise. */
  toEnv(cwd: string): Promise<Readonly<Record<string, string>>>;
}

const timeoutMs = 300_000;
const memoryBytes = 100_000_000;
const fallbackPath = "/usr/local/bin:/usr/bin:/bin";

/** What a repository's or a user's configuration could run, ask or fetch, off. */
const always: Readonly<Record<string, string>> = {
  "core.hooksPath": "/dev/null",
  "core.fsmonitor": "false",
  "core.quotePath": "false",
  "core.safecrlf": "false",
  "core.sparseCheckout": "false",
  "commit.gpgSign": "false",
  "submodule.recurse": "false",
  "protocol.allow": "never",
  "gc.auto": "0",
  "maintenance.auto": "false",
  "apply.ignoreWhitespace": "no",
};

/** For one piece of work. `env` is what commands of a model get: Git's own variables are left out of it. */
export function createGit(env: Readonly<Record<string, string>>): Git {
  const base = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("GIT_")));
  const filters = new Map<string, Promise<readonly string[]>>();
  const toEnv = (more = {}, extra: Readonly<Record<string, string>> = {}) => ({
    PATH: fallbackPath,
    ...base,
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "true",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_LITERAL_PATHSPECS: "1",
    GIT_PAGER: "cat",
    ...toConfig({ ...always, ...extra }),
    ...more,
  });
  const toWholeEnv = async (cwd: string, more = {}): Promise<Record<string, string>> => {
    filters.set(cwd, filters.get(cwd) ?? findFilters(toEnv(more), cwd));
    const found = (await filters.get(cwd)) ?? [];
    const off = found.map((name) => [name, name.endsWith(".required") ? "false" : ""]);
    return toEnv(more, Object.fromEntries(off));
  };
  const attempt = async (args: readonly string[], options: GitOptions): Promise<GitAnswer> =>
    await runGit(args, options, await toWholeEnv(options.cwd, options.env));
  const run = async (args: readonly string[], options: GitOptions): Promise<Buffer> => {
    const { code, out, err } = await attempt(args, options);
    if (code === 0) return out;
    throw new GitFailure(`git ${args[0]}: ${toSaid(err) || `exit code ${code}`}`);
  };
  return {
    try: attempt,
    run,
    line: async (args, options) => (await run(args, options)).toString().replace(/\n$/, ""),
    list: async (args, options) =>
      (await run(args, options)).toString().split("\0").filter(Boolean),
    toEnv: toWholeEnv,
  };
}

/** Programs that a configuration puts between files and their content, such as LFS. */
async function findFilters(
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<readonly string[]> {
  const pattern = String.raw`^filter\..*\.(clean|smudge|process|required)$`;
  const args = ["config", "--null", "--name-only", "--get-regexp", pattern];
  const { out } = await runGit(args, { cwd }, env);
  return [...new Set(out.toString().split("\0").filter(Boolean))];
}

function toConfig(values: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(values);
  const pairs = entries.flatMap(([key, value], at) => [
    [`GIT_CONFIG_KEY_${at}`, key],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(entries.length), ...Object.fromEntries(pairs) };
}

async function runGit(
  args: readonly string[],
  { cwd, input, signal, toFile, maxBytes = memoryBytes }: GitOptions,
  env: Readonly<Record<string, string>>,
): Promise<GitAnswer> {
  signal?.throwIfAborted();
  const child = spawn("git", args, {
    cwd,
    env,
    stdio: ["pipe", "pipe", "pipe"],
    timeout: timeoutMs,
    killSignal: "SIGKILL",
    ...(signal && { signal }),
  });
  const ended = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const chunks: Buffer[] = [];
  const file = toFile === undefined ? undefined : createWriteStream(toFile, { flush: true });
  let bytes = 0;
  child.stdout.on("data", (data: Buffer) => {
    bytes += data.length;
    if (bytes > maxBytes) child.kill("SIGKILL");
    else if (file) file.write(data);
    else chunks.push(data);
  });
  let err = "";
  child.stderr.on("data", (data: Buffer) => (err += data.toString().slice(0, 20_000)));
  // A broken pipe is told by the end of the process.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  try {
    const [code, by] = await ended;
    if (file) await finished(file.end());
    if (bytes > maxBytes) throw new GitFailure(`more than ${maxBytes} bytes`, "tooLarge");
    if (code === null) throw new GitFailure(`git ${args[0]} was ended by ${by ?? "a signal"}`);
    return { code, out: Buffer.concat(chunks), err };
  } catch (error) {
    file?.destroy();
    if (signal?.aborted) throw signal.reason;
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      const gone = !existsSync(cwd);
      if (gone) throw new GitFailure(`There is no folder ${cwd}.`);
      throw new GitFailure("Git is not installed on this host. Install it there.", "missing");
    }
    throw error;
  }
}

/** What git says of an error, without its hints. */
export function toSaid(err: string): string {
  const lines = err.split("\n").filter((line) => line !== "" && !/^(hint|warning):/.test(line));
  return cutText(lines.slice(0, 4).join("; "), 600);
}
