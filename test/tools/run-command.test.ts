// run_command: real shells, real processes, real signals.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ActivityCancellationDetails } from "@temporalio/common";
import { describe, expect, onTestFinished, test } from "vitest";
import { outputCap } from "../../activities/tools/cap-output.ts";
import { tagVariable } from "../../activities/commands/process-group.ts";
import { isAlive, markOf, readStat } from "../../activities/commands/processes.ts";
import { stopLeftovers } from "../../activities/commands/running-groups.ts";
import { createRunTool } from "../../activities/tools/run-tool.ts";
import { execute, toShell } from "../../activities/commands/execute.ts";
import type { ToolRunInput } from "../../protocol/activities.ts";
import { parseEnvironment } from "../../protocol/environment.ts";
import { toolSpecs } from "../../protocol/tools/tools.ts";
import {
  type Bench,
  type Files,
  inActivity,
  newBench,
  newEnvironment,
  newFolder,
} from "./bench.ts";
import { readAll } from "./page.ts";

const path = process.env["PATH"] ?? "";
const everywhere = ["--ro-bind", "/", "/", "--unshare-net", "--proc", "/proc", "--unshare-pid"];
const sandboxed = spawnSync("bwrap", [...everywhere, "true"]).status === 0;
const modes = sandboxed ? (["off", "required"] as const) : (["off"] as const);
if (!sandboxed) console.log("bubblewrap does not run here: commands are tested without it");

type Mode = (typeof modes)[number];
const benchIn = (sandbox: Mode, files: Files = {}, more = {}): Promise<Bench> =>
  newBench(files, { commands: { sandbox, env: { PATH: path, ...more } } });

/** The id that a command wrote of one of its processes, as this machine knows it. */
async function pidFrom(bench: Bench, name: string): Promise<number> {
  const file = join(bench.workspace, name);
  await expect.poll(() => existsSync(file) && readFileSync(file, "utf8"), patient).toMatch(/\d\n/);
  return Number(await readFile(file, "utf8"));
}

/** Processes whose command line holds the mark. */
function running(mark: string): readonly string[] {
  const listed = spawnSync("ps", ["-A", "-o", "pid=,stat=,args="], { encoding: "utf8" }).stdout;
  return listed.split("\n").filter((line) => line.includes(mark) && !/^\s*\d+\s+Z/.test(line));
}
const patient = { timeout: 15_000, interval: 20 };
const mark = (): string => `${100_000 + Math.floor(Math.random() * 900_000)}`;

test("every call of it is one that a person decides about", () => {
  expect(toolSpecs.run_command).toMatchObject({ effect: "write", approval: true });
});

describe.each(modes)("with the sandbox %s", (mode) => {
  test("the answer begins with the exit code, and holds both streams in their order", async () => {
    const bench = await benchIn(mode);
    const command = "echo one; echo two >&2; echo three; exit 3";
    const outcome = await bench.call("run_command", { command });
    expect(outcome.isError).toBe(true);
    expect(outcome.text).toMatch(/^exit code 3 after [\d.]+ s \[.+\]\none\ntwo\nthree\n$/);
    expect(outcome.text).toContain(mode === "off" ? "[no sandbox]" : "[bubblewrap, no network]");
    expect(await bench.text("run_command", { command: "true" })).toMatch(
      /^exit code 0 .*\n\(no output\)$/,
    );
  });

  test("it runs in the workspace or a folder of it, changes files there, and its input is empty", async () => {
    const bench = await benchIn(mode, { "sub/a.txt": "a" });
    const text = await bench.text("run_command", {
      command: "cat; pwd; cat a.txt; echo b > b.txt",
      cwd: "sub",
    });
    expect(text).toContain(`${bench.workspace}/sub\na`);
    expect(await bench.content("sub/b.txt")).toBe("b\n");
  });

  test("an end by a signal is named", async () => {
    const bench = await benchIn(mode);
    expect(await bench.refused("run_command", { command: "kill -9 $$" })).toMatch(/^e.*SIGKILL/);
    expect(await bench.refused("run_command", { command: "(kill -SEGV $BASHPID)" })).toMatch(
      /^exit code 139 \(SIGSEGV\)/,
    );
  });

  test("what it leaves in the background is stopped when it ends", async () => {
    const bench = await benchIn(mode);
    const id = mark();
    const command = `sleep ${id} & (sleep ${id} & (trap '' TERM; sleep ${id}) & ) & setsid sleep ${id} & sleep 0.1; echo over`;
    expect(await bench.text("run_command", { command })).toContain("over");
    expect(running(`sleep ${id}`)).toEqual([]);
  });

  test("at the end of its time all of it is stopped, also what ignores SIGTERM and what has forked twice", async () => {
    const bench = await benchIn(mode);
    const id = mark();
    const command = `trap '' TERM; (sleep ${id} & (sleep ${id} & sleep ${id}) & ) ; echo here; sleep ${id}`;
    const text = await bench.refused("run_command", { command, timeout_seconds: 3 });
    expect(text).toMatch(/^Stopped: it had not ended after .* What it had done stays\./);
    expect(text).toMatch(/\nhere\n$/);
    expect(running(`sleep ${id}`)).toEqual([]);
  });

  test("a process asked to stop has time to clean up", async () => {
    const bench = await benchIn(mode);
    const trap = "trap 'echo cleaned > cleaned.txt; exit 0' TERM";
    const input = bench.input("run_command", {
      command: `${trap}; echo set > trap.txt; sleep 100 & wait`,
    });
    const environment = newEnvironment();
    const call = inActivity(bench.runTool, input, environment);
    await expect.poll(() => existsSync(join(bench.workspace, "trap.txt")), patient).toBe(true);
    environment.cancel("CANCELLED", new ActivityCancellationDetails({ cancelRequested: true }));
    expect(await call).toMatchObject({ isError: true });
    expect(await bench.content("cleaned.txt")).toBe("cleaned\n");
  });

  test("a flood is stopped, and what is kept of it has an end", async () => {
    const bench = await benchIn(mode);
    const outcome = await bench.call("run_command", { command: "yes needle; echo never" });
    expect(outcome.text).toMatch(/^Stopped: it printed more than 10000000 bytes/);
    expect(outcome.isError).toBe(true);
    expect(Buffer.byteLength(outcome.text)).toBeLessThanOrEqual(outputCap);
    const kept = await readFile(join(bench.artifacts, "output/toolu_1.txt"));
    expect(kept.length).toBeLessThan(10_001_000);
  });

  test("long output keeps its ends, and the whole can be read", async () => {
    const bench = await benchIn(mode);
    const text = await bench.text("run_command", { command: "seq 1 20000" });
    expect(text).toMatch(/^exit code 0 .*\n1\n2\n/);
    expect(text).toMatch(/\n19999\n20000\n$/);
    expect(await readAll(bench, "artifacts/output/toolu_1.txt")).toMatchObject({ lines: 20_001 });
  });

  test.each([
    ["cancelled", undefined, "the call was cancelled"],
    ["WORKER_SHUTDOWN", { workerShutdown: true }, "its worker was stopped"],
  ] as const)("in the middle, %s stops it and is told as an outcome", async (_, details, words) => {
    const bench = await benchIn(mode);
    const input = bench.input("run_command", {
      command:
        "echo $$ > pid.txt; (sleep 200 &) ; echo done > half.txt; sleep 200; echo no > no.txt",
    });
    const environment = newEnvironment();
    const call = inActivity(bench.runTool, input, environment);
    await expect.poll(() => existsSync(join(bench.workspace, "half.txt")), patient).toBe(true);
    const record = join(bench.dir, "commands/test.toolu_1.json");
    const { group } = JSON.parse(await readFile(record, "utf8")) as { group: { pid: number } };
    expect(readStat(group.pid)?.group).toBe(group.pid);
    if (details) {
      environment.cancel("WORKER_SHUTDOWN", new ActivityCancellationDetails(details));
    } else {
      environment.cancel("CANCELLED", new ActivityCancellationDetails({ cancelRequested: true }));
    }
    const outcome = await call;
    expect(outcome.text).toContain(`Stopped: ${words} in the middle of it`);
    expect(outcome.text).toContain("What it had done stays. It was not run again.");
    expect(markOf(group.pid)).toBeUndefined();
    expect(await readdir(join(bench.dir, "commands"))).toEqual([]);
    expect((await readdir(bench.workspace)).toSorted()).toEqual(["half.txt", "pid.txt"]);
    // The next attempt, in another worker, is told the same and runs nothing.
    const next = createRunTool({ dir: bench.dir, host: "here" });
    expect(await inActivity(next, input)).toEqual(outcome);
  });

  test("cancelled before it began it does not run", async () => {
    const bench = await benchIn(mode);
    const environment = newEnvironment();
    environment.cancel();
    const input = bench.input("run_command", { command: "echo a > a.txt" });
    await expect(inActivity(bench.runTool, input, environment)).rejects.toThrow("CANCELLED");
    expect(await readdir(bench.workspace)).toEqual([]);
    expect(await inActivity(bench.runTool, input)).toMatchObject({ isError: false });
  });
});

test("keys and Bosun's own variables are not in its environment", async () => {
  const secrets = {
    ANTHROPIC_API_KEY: "no-1",
    BOSUN_HOST: "no-2",
    TEMPORAL_ADDRESS: "no-3",
    TEMPORAL_API_KEY: "no-4",
    GITHUB_TOKEN: "no-5",
    AWS_SECRET_ACCESS_KEY: "no-6",
    SSH_AUTH_SOCK: "/no-7",
    npm_config__auth_token: "no-8",
    PGPASSWORD: "no-9",
    MYSQL_PWD: "no-9",
  };
  const { commands } = parseEnvironment({
    ...secrets,
    PATH: path,
    BOSUN_SANDBOX: "off",
    LANG: "C",
  });
  const bench = await newBench({}, { commands });
  const text = await bench.text("run_command", { command: "env" });
  expect(text).toContain("LANG=C");
  expect(text).not.toMatch(/no-\d|BOSUN|ANTHROPIC|TEMPORAL/);
});

test.each([
  ["..", "outside the workspace"],
  ["/etc", "outside the workspace"],
  ["link", "outside the workspace"],
  ["artifacts", "out of their reach"],
  [".git", "private to git or Bosun"],
  ["a.txt", "is a file"],
  ["gone", "There is no gone"],
])("the folder %s is refused and nothing is run", async (cwd, words) => {
  const bench = await benchIn("off", { "a.txt": "a", ".git/config": "" });
  await symlink("/etc", join(bench.workspace, "link"));
  const command = `touch ${bench.workspace}/ran`;
  expect(await bench.refused("run_command", { command, cwd })).toContain(words);
  expect(existsSync(join(bench.workspace, "ran"))).toBe(false);
});

describe.skipIf(!sandboxed)("bubblewrap", () => {
  test("shuts out the network, Bosun's state, other processes, and writing elsewhere", async () => {
    const server = createServer((_, response) => void response.end("reached")).listen(0);
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const top = await newFolder();
    const workspace = join(top, "workspace");
    // As `bosun up` in a project has it: the state lies in the workspace.
    const dir = join(workspace, ".bosun");
    const commands = { sandbox: "required", env: { PATH: path } } as const;
    const bench = await newBench({}, { dir, workspace, commands });
    await writeFile(join(dir, "secret.txt"), "state");
    await writeFile(join(top, "beside.txt"), "beside");
    const command = [
      `(exec 5<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null && echo network`,
      "cat .bosun/secret.txt 2>/dev/null",
      `cat ${top}/beside.txt 2>/dev/null`,
      "touch /etc/here 2>/dev/null && echo etc",
      `kill -0 ${process.pid} 2>/dev/null && echo process`,
      "touch /tmp/private && touch mine.txt && echo written",
    ].join("; ");
    expect(await bench.text("run_command", { command })).toMatch(/^exit code 0 .*\nwritten\n$/);
    expect(await readdir(workspace)).toEqual([".bosun", "mine.txt"]);
    expect(existsSync("/tmp/private")).toBe(false);
    expect(await readFile(join(dir, "secret.txt"), "utf8")).toBe("state");
    const plain = await newBench({}, { commands: { ...commands, sandbox: "off" } });
    const reached = `exec 5<>/dev/tcp/127.0.0.1/${port} && echo network`;
    expect(await plain.text("run_command", { command: reached })).toContain("network");
  });

  test("keeps what git would run out of reach, and git works", async () => {
    const bench = await benchIn("required", { "a.txt": "a" }, { HOME: "/nonexistent" });
    spawnSync("git", ["init", "-q"], { cwd: bench.workspace });
    const identity = "-c user.name=a -c user.email=a@example.com";
    const command = `echo evil > .git/hooks/pre-commit; git config alias.x y; git add . && git ${identity} commit -qm first && git log --oneline`;
    expect(await bench.text("run_command", { command })).toMatch(/Read-only[^]* first\n$/);
    expect(existsSync(join(bench.workspace, ".git/hooks/pre-commit"))).toBe(false);
  });

  test("a workspace that is read-only stays so", async () => {
    const bench = await benchIn("required", { "a.txt": "a" });
    const workspace = { host: "here", path: bench.workspace, writable: false, git: false };
    const outcome = await bench.call("run_command", { command: "echo b > a.txt" }, { workspace });
    expect(outcome.text).toContain("Read-only file system");
    expect(await bench.content("a.txt")).toBe("a");
  });
});

const asStranger = ["--reuid=61234", "--regid=61234", "--clear-groups", process.execPath];
const mayBeStranger =
  sandboxed &&
  process.getuid?.() === 0 &&
  spawnSync("setpriv", [...asStranger, "--version"]).status === 0;

test.skipIf(!mayBeStranger)("a user without any home has nothing to hide there", () => {
  const file = new URL("../../activities/commands/sandbox.ts", import.meta.url).href;
  const script = `
    const { createSandbox } = await import(${JSON.stringify(file)});
    const { wrap } = await createSandbox({ sandbox: "required", env: {} })();
    const jail = { workspace: "/usr", writable: false, dir: "/nowhere", artifacts: "/nowhere" };
    console.log((await wrap(jail, "/usr", ["true"])).join(" "));`;
  const args = ["--import", "tsx", "--input-type=module", "-e", script];
  const env = { PATH: path };
  const found = spawnSync("setpriv", [...asStranger, ...args], { env, encoding: "utf8" });
  expect(found).toMatchObject({ stdout: expect.stringMatching(/^bwrap .* -- true\n$/) });
});

test("where bubblewrap is missing a command runs without it, unless it is required", async () => {
  const bin = await newFolder();
  for (const program of ["sh", "bash", "touch"]) {
    const found = spawnSync("which", [program], { encoding: "utf8" }).stdout.trim();
    await symlink(found, join(bin, program));
  }
  const command = "touch ran";
  const env = { PATH: bin };
  const strict = await newBench({}, { commands: { sandbox: "required", env } });
  expect(await strict.refused("run_command", { command })).toMatch(
    /was not run: this host requires bubblewrap and it does not run \(it is not installed\)/,
  );
  expect(await readdir(strict.workspace)).toEqual([]);
  const auto = await newBench({}, { commands: { sandbox: "auto", env } });
  expect(await auto.text("run_command", { command })).toContain("[no sandbox]");
});

function nextAttempt(bench: Bench, command: string) {
  const input: ToolRunInput = bench.input("run_command", { command });
  const next = createRunTool({ dir: bench.dir, host: "here" });
  return inActivity(next, input, newEnvironment("coder-1"));
}

describe("a worker that dies", () => {
  const killed = fileURLToPath(new URL("killed-command.ts", import.meta.url));

  /** A process that runs the command and is killed when the command has written its first file. */
  async function dieDuring(bench: Bench, command: string, mode: Mode = "off"): Promise<void> {
    const args = ["--import", "tsx", killed, bench.dir, bench.workspace, command, mode];
    const worker = spawn(process.execPath, args, { stdio: "inherit" });
    await pidFrom(bench, "pid.txt");
    worker.kill("SIGKILL");
    await once(worker, "exit");
  }

  const lasting = "echo $$ > pid.txt; sleep 300; echo more > more.txt";

  test("leaves a command that the next attempt stops, and of which it says that nobody knows", async () => {
    const bench = await benchIn("off");
    await dieDuring(bench, lasting);
    const pid = await pidFrom(bench, "pid.txt");
    expect(markOf(pid)).toBeDefined();
    const outcome = await nextAttempt(bench, lasting);
    expect(outcome).toMatchObject({
      isError: true,
      inDoubt: expect.stringMatching(/^run_command/),
    });
    expect(outcome.text).toContain("may have begun, outcome unknown");
    expect(outcome.text).toContain("What was still running of it was stopped.");
    expect(markOf(pid)).toBeUndefined();
    expect(await readdir(bench.workspace)).toEqual(["pid.txt"]);
  });

  test("leaves a command that the next worker stops before it takes work, whoever is left of it", async () => {
    const bench = await benchIn("off");
    const id = mark();
    // The first process of the group has ended, its children have not.
    await dieDuring(bench, `sleep ${id} & setsid sleep ${id} & echo $$ > pid.txt; sleep 300`);
    const first = await pidFrom(bench, "pid.txt");
    process.kill(first, "SIGKILL");
    await expect.poll(() => markOf(first), patient).toBeUndefined();
    expect(running(`sleep ${id}`)).toHaveLength(2);
    expect(await stopLeftovers(bench.dir)).toBeGreaterThanOrEqual(2);
    expect(running(`sleep ${id}`)).toEqual([]);
    expect(await readdir(join(bench.dir, "commands"))).toEqual([]);
  });

  test.skipIf(!sandboxed)("takes a command in bubblewrap along", async () => {
    const bench = await benchIn("required");
    const id = mark();
    await dieDuring(bench, `setsid sleep ${id} & echo $$ > pid.txt; sleep ${id}`, "required");
    await expect.poll(() => running(`sleep ${id}`), patient).toEqual([]);
    const outcome = await nextAttempt(bench, "another");
    expect(outcome.text).toContain("another call");
  });

  test("never costs a process its life that has got the same id", async () => {
    const bench = await benchIn("off");
    const other = spawn("sleep", ["300"], { detached: true, stdio: "ignore" });
    onTestFinished(() => void other.kill("SIGKILL"));
    const alive = markOf(other.pid ?? 0);
    const gone = { pid: 99_999_999, start: "before.1" };
    await mkdir(join(bench.dir, "commands"), { recursive: true });
    // Started at another time, or at this one on an earlier start of the machine.
    const starts = ["0.1", `00000000.${alive?.start.split(".")[1]}`, `${alive?.start}0`];
    for (const start of starts) {
      const group = { pid: alive?.pid, start, tag: "another-command" };
      const record = JSON.stringify({ owner: gone, group });
      await writeFile(join(bench.dir, "commands/coder-1.toolu_9.json"), record);
      expect(await stopLeftovers(bench.dir)).toBe(0);
    }
    expect(alive && isAlive(alive)).toBe(true);
  });

  test("a worker that lives keeps its commands", async () => {
    const bench = await benchIn("off");
    const command = "echo $$ > pid.txt; until [ -e go.txt ]; do sleep 0.1; done; echo over";
    const call = bench.call("run_command", { command });
    await pidFrom(bench, "pid.txt");
    expect(await stopLeftovers(bench.dir)).toBe(0);
    await writeFile(join(bench.workspace, "go.txt"), "");
    expect(await call).toMatchObject({ isError: false });
  });

  test("before its command is on record never has that command run", async () => {
    const folder = await newFolder();
    const file = join(folder, "ran");
    const execution = {
      command: toShell(`touch ${file}`),
      cwd: folder,
      env: { PATH: path },
      timeoutMs: 5_000,
      maxBytes: 1_000,
      signal: new AbortController().signal,
    };
    let pid = 0;
    const failing = execute({
      ...execution,
      record: async (group) => {
        pid = group.pid;
        expect(readStat(pid)?.name).toBe("sh");
        expect(readFileSync(`/proc/${pid}/environ`, "utf8")).toContain(
          `${tagVariable}=${group.tag}`,
        );
        await sleep(100);
        throw new Error("no record");
      },
    });
    await expect(failing).rejects.toThrow("no record");
    expect(markOf(pid)).toBeUndefined();
    expect(existsSync(file)).toBe(false);
  });
});
