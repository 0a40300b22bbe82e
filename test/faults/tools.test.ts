// Tools in trouble, with real workers that die of it.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, watch, writeFileSync } from "node:fs";
import { mkdir, readdir, readFile, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { SupervisorHandle } from "../../client/index.ts";
import type { Subagent } from "../../protocol/workflows.ts";
import type { TaskView } from "../../protocol/views.ts";
import { openWorld, untilReply, type World } from "../support/world.ts";
import { until } from "./support/until.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

let world: World;
let workers: ChildProcess[];
let approving: Promise<void>[];
let over: AbortController;
beforeEach(async () => {
  workers = [];
  approving = [];
  over = new AbortController();
  world = await openWorld({
    workers: false,
    env: {
      // It would take the commands of a killed worker along.
      BOSUN_SANDBOX: "off",
      // A busy machine may be late with a beat, and then a call is made again.
      BOSUN_TOOL_HEARTBEAT_MS: "10000",
      BOSUN_MODEL_HEARTBEAT_MS: "10000",
    },
  });
  await mkdir(join(world.workspace, ".claude/agents"), { recursive: true });
  const file = join(world.workspace, ".claude/agents/runner.md");
  const matter = "name: runner\ndescription: Runs commands.\ntools: Bash, Read, Write, Grep\n";
  await writeFile(file, `---\n${matter}---\n# runner\n\nYou run commands.\n`);
});
afterEach(async () => {
  over.abort();
  await Promise.all(approving);
  for (const worker of workers) worker.kill("SIGKILL");
  await world.close();
});

async function spawnWorker(env: Readonly<Record<string, string>> = {}): Promise<ChildProcess> {
  const worker = spawn(process.execPath, ["--import", "tsx", "workers/main.ts"], {
    cwd: root,
    env: { PATH: process.env["PATH"], ...world.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  workers.push(worker);
  await once(worker.stdout, "data");
  return worker;
}

interface Call {
  readonly name: string;
  readonly input: object;
}
const run = (command: string, more: object = {}): Call => ({
  name: "run_command",
  input: { command, ...more },
});

/** One task for each list of calls, told apart by their marks. */
async function begin(
  mark: string,
  tasks: Readonly<Record<string, readonly Call[]>>,
): Promise<SupervisorHandle> {
  const names = Object.keys(tasks);
  const toTask = (name: string) => ({
    name: "start_async_task",
    input: { description: `${mark} part ${name}.`, subagent_type: "runner" },
  });
  await world.model.script(mark, [
    { when: { lastUser: `^go ${mark}` }, reply: { toolCalls: names.map(toTask) } },
    { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
    ...names.map((name) => ({
      when: { system: "^# runner", anyUser: `${mark} part ${name}\\.`, maxAssistantTurns: 0 },
      reply: { toolCalls: [...(tasks[name] ?? [])] },
    })),
    { when: { system: "^# runner", anyUser: `${mark} part` }, reply: { text: "Done." } },
  ]);
  const supervisor = await world.start(`go ${mark}`);
  await untilReply(supervisor, "Heard");
  approving.push(approveAll(supervisor, over.signal));
  return supervisor;
}

/** A person who approves every command as long as the test runs, whatever is away just then. */
async function approveAll(supervisor: SupervisorHandle, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const tasks = await supervisor.tasks();
    for (const { taskId, requests = [] } of tasks) {
      const task = supervisor.task(taskId);
      for (const { requestId } of requests) {
        await task.decide(requestId, { type: "approve" }).catch(() => undefined);
      }
    }
    await sleep(100);
  }
}

/** What the model was told of a task's calls, in their order. */
async function answers(mark: string, name: string): Promise<readonly string[]> {
  return await until(`results of ${name}`, async () => {
    const entries = await world.model.journal(`${mark} part ${name}.`);
    const told = entries
      .filter(({ request }) => JSON.stringify(request.system).includes("# runner"))
      .flatMap(({ request }) => request.messages.map(({ content }) => content))
      .flatMap((content) => (Array.isArray(content) ? (content as Block[]) : []))
      .filter((block) => block.type === "tool_result")
      .map(({ content }) => (typeof content === "string" ? content : JSON.stringify(content)));
    return told.length > 0 && told;
  });
}
const answer = async (mark: string, name: string): Promise<string> =>
  (await answers(mark, name))[0] ?? "";
interface Block {
  readonly type: string;
  readonly content?: unknown;
}

async function ended(supervisor: SupervisorHandle, count: number): Promise<readonly TaskView[]> {
  const open = new Set(["queued", "running", "waiting"]);
  return await until("every task ended", async () => {
    const all = await supervisor.tasks();
    return all.length === count && all.every((task) => !open.has(task.status)) && all;
  });
}

const inWorkspace = (name: string): string => join(world.workspace, name);
const written = (name: string): Promise<string> =>
  until(
    name,
    async () => existsSync(inWorkspace(name)) && (await readFile(inWorkspace(name), "utf8")),
  );

function running(mark: string): readonly string[] {
  const listed = spawnSync("ps", ["-A", "-o", "pid=,stat=,args="], { encoding: "utf8" }).stdout;
  return listed.split("\n").filter((line) => line.includes(mark) && !/^\s*\d+\s+Z/.test(line));
}

const seconds = (since: number): string => ((performance.now() - since) / 1_000).toFixed(1);

test("ten tasks with tools that hang, flood, die, or heed nothing: each is told so, and goes on", async () => {
  await spawnWorker();
  execFileSync("mkfifo", [inWorkspace("pipe")]);
  const id = "77123401";
  const supervisor = await begin("tools-ten", {
    hang: [run(`sleep ${id}`, { timeout_seconds: 1 })],
    pipe: [{ name: "read_file", input: { path: "pipe" } }],
    search: [{ name: "search_files", input: { path: ".", pattern: "One line" } }],
    flood: [run("yes flood")],
    die: [run("kill -9 $$")],
    fail: [run("echo why >&2; exit 3")],
    background: [run(`sleep ${id} & setsid sleep ${id} & echo ok`)],
    twice: [run("echo one >> twice.txt"), run("echo two >> twice.txt")],
    refused: [run("echo never", { cwd: "../.." })],
    deaf: [run(`trap '' TERM; echo deaf > deaf.txt; sleep ${id}; sleep ${id}; echo no > no.txt`)],
  });
  await written("deaf.txt");
  const deaf = await until("the deaf one", async () =>
    (await supervisor.tasks()).find((task) => task.description.includes("part deaf")),
  );
  const asked = performance.now();
  await world.bosun.task(deaf.taskId).cancel("enough");
  const all = await ended(supervisor, 10);
  console.log(
    `a cancelled command that ignores SIGTERM had ended after ${seconds(asked)} s at most`,
  );
  expect(all.filter((task) => task.status === "completed")).toHaveLength(9);
  expect(all.find(({ taskId }) => taskId === deaf.taskId)).toMatchObject({ status: "cancelled" });
  expect(await answer("tools-ten", "hang")).toMatch(/^Stopped: it had not ended/);
  expect(await answer("tools-ten", "pipe")).toContain("pipe");
  expect(await answer("tools-ten", "search")).toContain("README.md");
  expect(await answer("tools-ten", "flood")).toMatch(/^Stopped: it printed more than/);
  expect((await answer("tools-ten", "flood")).length).toBeLessThan(17_000);
  expect(await answer("tools-ten", "die")).toMatch(/^ended by SIGKILL/);
  expect(await answer("tools-ten", "fail")).toMatch(/^exit code 3 .*\nwhy\n/);
  expect(await answer("tools-ten", "background")).toContain("it left processes in the background");
  expect(await answer("tools-ten", "refused")).toContain("outside the workspace");
  expect(await written("twice.txt")).toBe("one\ntwo\n");
  expect(existsSync(inWorkspace("no.txt"))).toBe(false);
  expect(running(id)).toEqual([]);
  await supervisor.end();
});

test("a worker killed in the middle of commands: they are stopped before new work, told as in doubt, never repeated", async () => {
  const first = await spawnWorker();
  const id = "77123402";
  const lasting = (name: string): Call =>
    run(`echo once >> ${name}.txt; sleep ${id}; echo no > no.txt`);
  const supervisor = await begin("tools-kill", {
    a: [lasting("a"), { name: "write_file", input: { path: "after.txt", content: "after" } }],
    b: [lasting("b")],
    c: [lasting("c")],
  });
  await Promise.all(["a.txt", "b.txt", "c.txt"].map((name) => written(name)));
  const killed = performance.now();
  first.kill("SIGKILL");
  await once(first, "exit");
  expect(running(id).length).toBeGreaterThan(0);
  await spawnWorker();
  expect(running(id)).toEqual([]);
  for (const name of ["a", "b", "c"]) {
    const [told] = await answers("tools-kill", name);
    expect(told).toContain("run_command may have begun, outcome unknown");
  }
  console.log(`three commands of a killed worker were answered after ${seconds(killed)} s`);
  const all = await ended(supervisor, 3);
  expect(all.map((task) => task.status)).toEqual(["completed", "completed", "completed"]);
  for (const name of ["a.txt", "b.txt", "c.txt"]) expect(await written(name)).toBe("once\n");
  // What had not begun has been done.
  expect(await written("after.txt")).toBe("after");
  expect(existsSync(inWorkspace("no.txt"))).toBe(false);
  const doubts = await Promise.all(
    all.map(async ({ taskId }) => {
      const handle = world.bosun.client.workflow.getHandle<Subagent>(taskId);
      return (await handle.result()).inDoubt;
    }),
  );
  expect(doubts.flat()).toHaveLength(3);
  await supervisor.end();
});

test("a worker killed after the effect: what was recorded is returned", async () => {
  const first = await spawnWorker();
  const journal = join(world.dir, ".bosun/journal");
  const supervisor = await begin("tools-after", {
    a: [run("echo once >> a.txt; until [ -e go.txt ]; do sleep 0.1; done; echo over")],
  });
  await written("a.txt");
  const [task = ""] = await readdir(journal);
  const folder = join(journal, task);
  const [record = ""] = (await readdir(folder)).filter((name) => name.endsWith(".json"));
  // At the very moment: whether the answer was on its way or not, it is the same.
  await new Promise<void>((resolve) => {
    const watcher = watch(folder, () => {
      if (!readFileSync(join(folder, record), "utf8").includes('"done"')) return;
      first.kill("SIGKILL");
      watcher.close();
      resolve();
    });
    writeFileSync(inWorkspace("go.txt"), "");
  });
  await spawnWorker();
  const [told] = await answers("tools-after", "a");
  expect(told).toMatch(/^exit code 0 .*\nover\n/);
  expect(await ended(supervisor, 1)).toMatchObject([{ status: "completed" }]);
  expect(await written("a.txt")).toBe("once\n");
  await supervisor.end();
});

test("a worker stopped gracefully in the middle of a command says what it did, and nothing is repeated", async () => {
  // Long enough for the short command, however busy the machine is.
  const first = await spawnWorker({ BOSUN_GRACE_MS: "8000" });
  const id = "77123403";
  const supervisor = await begin("tools-term", {
    a: [run(`echo once >> a.txt; sleep ${id}; echo no > no.txt`), run("echo twice >> a.txt")],
    short: [run("echo once >> short.txt; sleep 0.5; echo over")],
  });
  await Promise.all([written("a.txt"), written("short.txt")]);
  const stopped = performance.now();
  first.kill("SIGTERM");
  await once(first, "exit");
  console.log(`a worker with a command in the middle stopped within ${seconds(stopped)} s`);
  expect(running(id)).toEqual([]);
  await spawnWorker();
  const [told = "", next = ""] = await answers("tools-term", "a");
  expect(told).toContain("Stopped: its worker was stopped in the middle of it");
  expect(next).toMatch(/^exit code 0/);
  expect((await answers("tools-term", "short"))[0]).toMatch(/^exit code 0 .*\nover\n/);
  await ended(supervisor, 2);
  expect(await written("a.txt")).toBe("once\ntwice\n");
  expect(await written("short.txt")).toBe("once\n");
  expect(existsSync(inWorkspace("no.txt"))).toBe(false);
  await supervisor.end();
});

test("a command that kills its worker is not run again by the next one", async () => {
  const first = await spawnWorker();
  const supervisor = await begin("tools-parent", {
    a: [run("echo once >> a.txt; kill -9 $PPID; sleep 100")],
  });
  if (first.exitCode === null && first.signalCode === null) await once(first, "exit");
  const second = await spawnWorker();
  expect((await answers("tools-parent", "a"))[0]).toContain("may have begun, outcome unknown");
  expect(await ended(supervisor, 1)).toMatchObject([{ status: "completed" }]);
  expect(await written("a.txt")).toBe("once\n");
  expect(second.exitCode).toBeNull();
  await supervisor.end();
});

test("with the disk of Bosun's state full every effect is refused in words, once", async (context) => {
  const dir = join(world.dir, ".bosun");
  mkdirSync(dir, { recursive: true });
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", dir]);
  if (mounted.status !== 0) return context.skip("this user may not mount a small disk");
  try {
    await writeFile(join(dir, "filler"), Buffer.alloc(2_000_000)).catch(() => undefined);
    expect((await statfs(dir)).bavail).toBe(0);
    await spawnWorker();
    const supervisor = await begin("tools-full", {
      a: [
        run("echo no > no.txt"),
        { name: "write_file", input: { path: "no.txt", content: "no" } },
        { name: "read_file", input: { path: "README.md" } },
      ],
    });
    const [command, write, read] = await answers("tools-full", "a");
    for (const told of [command, write]) {
      expect(told).toContain("was not run and nothing was changed");
      expect(told).toContain("ENOSPC");
    }
    expect(read).toContain("One line.");
    const [task] = await ended(supervisor, 1);
    expect(task).toMatchObject({ status: "completed" });
    expect(existsSync(inWorkspace("no.txt"))).toBe(false);
    const handle = world.bosun.client.workflow.getHandle(task?.taskId ?? "");
    const { events } = await handle.fetchHistory();
    const attempts = (events ?? []).map(
      (event) => event.activityTaskStartedEventAttributes?.attempt ?? 1,
    );
    expect(Math.max(...attempts)).toBe(1);
    await supervisor.end();
  } finally {
    for (const worker of workers) worker.kill("SIGKILL");
    execFileSync("umount", ["-l", dir]);
  }
});
