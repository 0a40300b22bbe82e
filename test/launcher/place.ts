// A folder of its own for each test, and its processes.
import { spawn } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { nodeArguments, root } from "../../client/installation/clone.ts";
import { findInstallation, type Installation } from "../../client/installation/installation.ts";
import { isAlive, type Mark, markOf, stop } from "../../client/installation/processes.ts";
import { takeDown } from "../../client/installation/take-down.ts";

type Env = Readonly<Record<string, string | undefined>>;

export interface Place {
  readonly folder: string;
  /** Runs `bosun ...args` here. */
  bosun(args: readonly string[], env?: Env): Running;
  /** Runs a command line of the documentation here, on this clone. */
  shell(line: string, env?: Env): Running;
  /** Runs a TypeScript fixture of this folder here. */
  fixture(name: string, args: readonly string[], env?: Env): Running;
  installation(): Installation;
}

export interface Running {
  readonly mark: Mark;
  /** Everything written so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves when one of the outputs matches, rejects when the process ends without. */
  until(pattern: RegExp): Promise<void>;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<number>;
}

/** The environment of a person who has set nothing but where Temporal is. */
export function cleanEnv(more: Env = {}): Env {
  const kept = Object.entries(process.env).filter(
    ([name]) => name === "TEMPORAL_CLI" || !/^(TEMPORAL|BOSUN|ANTHROPIC|VITEST)/.test(name),
  );
  return { ...Object.fromEntries(kept), ...more };
}

/** Everything started in it is gone when the test is over, however it ends. */
export function newPlace(name = "place"): Place {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `bosun ${name} ø-`)));
  const started: Mark[] = [];
  onTestFinished(async () => {
    const installation = findInstallation(cleanEnv(), folder);
    if (installation) await takeDown(installation.dir);
    await Promise.all(started.map((mark) => stop(mark, 0)));
    rmSync(folder, { recursive: true, force: true });
  });
  const run = (command: string, args: readonly string[], env: Env = {}) => {
    const running = start(command, args, folder, cleanEnv(env));
    started.push(running.mark);
    return running;
  };
  return {
    folder,
    bosun: (args, env) => run(join(root, "bin", "bosun"), args, env),
    shell: (line, env) => {
      const here = line
        .replace(/^\.\/bin\/bosun\b/, `"${join(root, "bin", "bosun")}"`)
        .replace(/^npm\b/, `npm --prefix "${root}" --silent`);
      return run("bash", ["-c", here], env);
    },
    fixture: (file, args, env) =>
      run(process.execPath, [...nodeArguments(join("test", "launcher", file)), ...args], env),
    installation: () => {
      const found = findInstallation(cleanEnv(), folder);
      if (found === undefined) throw new Error(`No installation in ${folder}`);
      return found;
    },
  };
}

function start(command: string, args: readonly string[], cwd: string, env: Env): Running {
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const mark = markOf(child.pid ?? 0) ?? { pid: child.pid ?? 0, start: "ended" };
  let out = "";
  let err = "";
  const watchers = new Set<() => void>();
  const tell = () => watchers.forEach((watch) => watch());
  child.stdout.setEncoding("utf8").on("data", (text: string) => ((out += text), tell()));
  child.stderr.setEncoding("utf8").on("data", (text: string) => ((err += text), tell()));
  const ended = new Promise<number>((resolve) => {
    child.once("close", (code) => (resolve(code ?? -1), tell()));
  });
  return {
    mark,
    out: () => out,
    err: () => err,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const watch = () => {
          if (pattern.test(out) || pattern.test(err)) resolve();
          else if (child.exitCode !== null || child.signalCode !== null) {
            reject(new Error(`It ended without ${String(pattern)}:\n${out}\n${err}`));
          } else return;
          watchers.delete(watch);
        };
        watchers.add(watch);
        watch();
      }),
    signal: (name) => void child.kill(name),
    ended,
  };
}

/** Ends a process that has to be there. No process is no reason to go on: 0 would be all of the test's own. */
export function kill(mark: Mark | undefined): void {
  if (!mark || !isAlive(mark)) throw new Error("The process to be killed is not there.");
  process.kill(mark.pid, "SIGKILL");
}

/** Resolves when none of the processes is alive any more. */
export async function untilGone(...marks: readonly (Mark | undefined)[]): Promise<void> {
  while (marks.some((mark) => mark && isAlive(mark))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
