// Tasks in worktrees, with scopes, diffs, stale reads.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { Worker } from "@temporalio/worker";
import {
  beginTask,
  type Begun,
  openIsolatedWorld,
  untilEnded,
  worktreesOf,
} from "../support/isolated-world.ts";
import { until, untilReply, type World } from "../support/world.ts";
import { commitAll, git } from "../tools/repository.ts";

let world: World;
beforeAll(async () => {
  world = await openIsolatedWorld();
});
afterAll(() => world.close());

const root = fileURLToPath(new URL("../..", import.meta.url));
const write = (path: string, content = "written\n") => ({
  name: "write_file",
  input: { path, content },
});
const inWorkspace = (path: string): string => join(world.workspace, path);

/** What the task read first. */
async function firstWords(mark: string): Promise<string> {
  const entries = await world.model.journal(`${mark}-task`);
  const [first] = entries.filter(({ request }) => !/# chief/.test(JSON.stringify(request.system)));
  return JSON.stringify(first?.request.messages[0]);
}

/** The folder goes first, then what git noted of it. */
async function untilRemoved(): Promise<void> {
  await until("no worktree", async () => {
    const known = git(world.workspace, "worktree", "list").trim().split("\n");
    return worktreesOf(world).length === 0 && known.length === 1;
  });
}

const writesOnce = (mark: string, path: string) => [
  {
    when: { assistantTurns: 0 },
    reply: { toolCalls: [write(path, `${mark}\n`)] },
  },
  { when: {}, reply: { text: "Done." } },
];

describe("a task of an agent with isolation", () => {
  test("works apart, hands over its diff, and leaves no worktree", async () => {
    await writeFile(inWorkspace("draft.txt"), "not committed\n");
    const begun = await beginTask(
      world,
      "iso-a",
      { subagent_type: "apart" },
      writesOnce("iso-a", "a.txt"),
    );
    const { status, result } = await untilEnded(begun);
    expect(status).toBe("completed");
    const base = git(world.workspace, "rev-parse", "HEAD").trim();
    const { taskId } = begun.task;
    const diff = {
      files: 1,
      insertions: 1,
      deletions: 0,
      base,
      artifact: `artifacts/${taskId}.diff`,
    };
    expect(result?.diff).toEqual(diff);
    expect(existsSync(inWorkspace("a.txt"))).toBe(false);
    await untilRemoved();
    const words = await firstWords("iso-a");
    expect(words).toContain("git worktree of your own");
    expect(words).toMatch(/uncommitted.*draft\.txt/);
    await rm(inWorkspace("draft.txt"));
    await begun.supervisor.end();
  });

  test("is read page by page and applied by its supervisor, once a person has approved", async () => {
    const id = "{{json:start_async_task:task_id}}";
    const call = (name: string) => ({ toolCalls: [{ name, input: { task_id: id } }] });
    const begun = await beginTask(
      world,
      "iso-b",
      { subagent_type: "plain", isolation: "worktree" },
      writesOnce("iso-b", "b.txt"),
      [
        {
          when: { system: "^# chief", anyUser: "go iso-b", lastUser: "task_ended" },
          reply: call("read_diff"),
        },
        {
          when: { system: "^# chief", anyUser: "go iso-b", lastToolResult: "^diff of" },
          reply: call("apply_diff"),
        },
        {
          when: { system: "^# chief", anyUser: "go iso-b", lastToolResult: "^Applied" },
          reply: { text: "In: {{toolResult:read_diff}}" },
        },
      ],
    );
    const request = await until("the request", async () => {
      const [first] = (await begun.supervisor.status()).requests ?? [];
      return first;
    });
    expect(request).toMatchObject({ kind: "approval", tool: "apply_diff" });
    expect(existsSync(inWorkspace("b.txt"))).toBe(false);
    await begun.supervisor.decide(request.requestId, { type: "approve" });
    const reply = await untilReply(begun.supervisor, "^In: ");
    expect(reply).toMatch(/1 files, 1 insertions, 0 deletions. Page 1 of 1[^]*\+iso-b/);
    expect(readFileSync(inWorkspace("b.txt"), "utf8")).toBe("iso-b\n");
    commitAll(world.workspace);
    await begun.supervisor.end();
  });

  test("that is cancelled in the middle hands over what it had", async () => {
    const begun = await beginTask(world, "iso-c", { subagent_type: "apart" }, [
      { when: { assistantTurns: 0 }, reply: { toolCalls: [write("c.txt")] } },
      { when: {}, reply: { text: "Never.", until: "never" } },
    ]);
    await until("the write", async () => (await begun.supervisor.tasks())[0]?.turn === 1);
    await until(
      "the second call",
      async () => (await world.model.journal("iso-c-task")).length > 2,
    );
    await begun.supervisor.task(begun.task.taskId).cancel("enough");
    const { status, result } = await untilEnded(begun);
    expect(status).toBe("cancelled");
    expect(result).toMatchObject({ partial: true, diff: { files: 1 } });
    const found = await world.bosun.diff(begun.task.taskId);
    expect(found.data.toString()).toContain("+written");
    await untilRemoved();
    await begun.supervisor.end();
  });

  test("that is terminated by somebody else has its diff taken by its parent", async () => {
    const begun = await beginTask(
      world,
      "iso-d",
      { subagent_type: "apart" },
      [
        { when: { assistantTurns: 0 }, reply: { toolCalls: [write("d.txt")] } },
        { when: {}, reply: { text: "Never.", until: "never" } },
      ],
      [
        {
          when: { system: "^# chief", anyUser: "go iso-d", lastUser: "task_ended" },
          reply: {
            text: "Left: {{event:task_ended:diff.files}} {{event:task_ended:diff.artifact}}",
          },
        },
      ],
    );
    const { taskId } = begun.task;
    await until(
      "the second call",
      async () => (await world.model.journal("iso-d-task")).length > 2,
    );
    await world.bosun.client.workflow.getHandle(taskId).terminate("by hand");
    await untilReply(begun.supervisor, `^Left: 1 artifacts/${taskId}.diff`);
    await untilRemoved();
    expect((await world.bosun.diff(taskId, "stat")).stat).toEqual([
      { path: "d.txt", insertions: 1, deletions: 0 },
    ]);
    await begun.supervisor.end();
  });

  test("goes on in its worktree after a note that comes with its last answer", async () => {
    const begun = await beginTask(world, "iso-e", { subagent_type: "apart" }, [
      { when: { assistantTurns: 0 }, reply: { toolCalls: [write("e1.txt")] } },
      { when: { lastUser: "\\[note" }, reply: { toolCalls: [write("e2.txt")] } },
      { when: {}, reply: { text: "Done.", until: "iso-e" } },
    ]);
    await until("the last call", async () => (await world.model.journal("iso-e-task")).length > 2);
    await begun.supervisor.task(begun.task.taskId).steer("one more");
    await world.model.release("iso-e");
    expect((await untilEnded(begun)).result).toMatchObject({ diff: { files: 2 }, unseen: [] });
    await begun.supervisor.end();
  });

  test("replays, with what it left on its host", async () => {
    const begun = await beginTask(
      world,
      "iso-f",
      { subagent_type: "apart" },
      writesOnce("iso-f", "f.txt"),
    );
    await untilEnded(begun);
    await untilRemoved();
    await begun.supervisor.end();
    await world.bosun.client.workflow.getHandle(begun.supervisor.id).result();
    for (const id of [begun.supervisor.id, begun.task.taskId]) {
      const history = await world.bosun.client.workflow.getHandle(id).fetchHistory();
      const bundle = { workflowBundle: { code: inject("bundle") } };
      await expect(Worker.runReplayHistory(bundle, history, id)).resolves.toBeUndefined();
    }
  });
});

test("two tasks that change the same file apart: the first is applied, the second names what collides", async () => {
  await writeFile(inWorkspace("shared.txt"), "one\ntwo\nthree\n");
  commitAll(world.workspace);
  const both: Begun[] = [];
  for (const mark of ["iso-g1", "iso-g2"]) {
    both.push(
      await beginTask(world, mark, { subagent_type: "apart" }, [
        {
          when: { assistantTurns: 0 },
          reply: { toolCalls: [write("shared.txt", `one\n${mark}\nthree\n`)] },
        },
        { when: {}, reply: { text: "Done." } },
      ]),
    );
  }
  const [first, second] = both as [Begun, Begun];
  await Promise.all(both.map(untilEnded));
  expect(await world.bosun.apply(first.task.taskId)).toMatchObject({ outcome: "applied" });
  expect(await world.bosun.apply(first.task.taskId)).toMatchObject({ outcome: "already" });
  commitAll(world.workspace);
  expect(await world.bosun.apply(second.task.taskId)).toMatchObject({
    outcome: "refused",
    paths: ["shared.txt, hunk at line 1"],
  });
  expect(git(world.workspace, "status", "--porcelain")).toBe("");
  await Promise.all(both.map(({ supervisor }) => supervisor.end()));
});

test("a workspace without git is refused with the remedy, and the task fails with it", async () => {
  const plain = await openIsolatedWorld({ git: false });
  try {
    const begun = await beginTask(plain, "iso-h", { subagent_type: "apart" }, []);
    const { status, reason, result } = await untilEnded(begun);
    expect({ status, reason }).toEqual({ status: "failed", reason: "error" });
    expect(result?.notDone).toMatch(/lies in none. Make one with git init/);
    await expect(plain.bosun.diff(begun.task.taskId)).rejects.toThrow(/has no diff/);
    await begun.supervisor.end();
  } finally {
    await plain.close();
  }
});

describe("a scope", () => {
  test("refuses what a task writes beside it", async () => {
    const begun = await beginTask(world, "iso-i", { subagent_type: "plain", scope: ["docs"] }, [
      {
        when: { assistantTurns: 0 },
        reply: { toolCalls: [write("docs/in.txt"), write("out.txt"), write("artifacts/note.md")] },
      },
      { when: {}, reply: { text: "{{toolResult:write_file#2}}" } },
    ]);
    const { result } = await untilEnded(begun);
    expect(result?.summary).toMatch(/out\.txt was not written: it is outside the scope.*docs/);
    expect([existsSync(inWorkspace("docs/in.txt")), existsSync(inWorkspace("out.txt"))]).toEqual([
      true,
      false,
    ]);
    expect(result?.diff).toBeUndefined();
    await begun.supervisor.end();
  });

  test("of an agent that runs commands is refused at the start, with the remedy", async () => {
    const input = { description: "iso-j-task", subagent_type: "runner", scope: ["docs"] };
    await world.model.script("iso-j", [
      {
        when: { lastUser: "^go iso-j" },
        reply: { toolCalls: [{ name: "start_async_task", input }] },
      },
      { when: { anyUser: "go iso-j" }, reply: { text: "{{lastToolResult}}" } },
    ]);
    const supervisor = await world.start("go iso-j");
    expect(await untilReply(supervisor, "scope")).toMatch(
      /may run commands.*isolation: "worktree"/,
    );
    expect(await supervisor.tasks()).toEqual([]);
    await supervisor.end();
  });

  test("of an isolated one lists what is beside it and never applies it", async () => {
    const command = {
      name: "run_command",
      input: { command: "echo x > beside.txt; mkdir -p docs; echo x > docs/in2.txt" },
    };
    const begun = await beginTask(
      world,
      "iso-k",
      { subagent_type: "runner", isolation: "worktree", scope: ["docs"] },
      [
        { when: { assistantTurns: 0 }, reply: { toolCalls: [command] } },
        { when: {}, reply: { text: "Done." } },
      ],
    );
    const task = begun.supervisor.task(begun.task.taskId);
    const request = await until("the request", async () => (await task.view()).requests?.[0]);
    await task.decide(request.requestId, { type: "approve" });
    expect((await untilEnded(begun)).result?.diff).toMatchObject({
      files: 1,
      outside: ["beside.txt"],
    });
    expect(await world.bosun.apply(begun.task.taskId)).toMatchObject({ paths: ["docs/in2.txt"] });
    expect(existsSync(inWorkspace("beside.txt"))).toBe(false);
    await begun.supervisor.end();
  });
});

/** Reads, and ends when its mark is released. */
const reads = (mark: string) => [
  {
    when: { assistantTurns: 0 },
    reply: { toolCalls: [{ name: "read_file", input: { path: "README.md" } }] },
  },
  { when: {}, reply: { text: "Read.", until: mark } },
];

describe("stale reads", () => {
  test("stand in the envelope and in the notice of the end", async () => {
    const begun = await beginTask(world, "iso-l", { subagent_type: "plain" }, reads("iso-l"), [
      {
        when: { system: "^# chief", anyUser: "go iso-l", lastUser: "task_ended" },
        reply: { text: "Stale: {{event:task_ended:stale.0}}" },
      },
    ]);
    await until("the last call", async () => (await world.model.journal("iso-l-task")).length > 2);
    await writeFile(inWorkspace("README.md"), "# Changed by another\n");
    await world.model.release("iso-l");
    expect((await untilEnded(begun)).result?.stale).toEqual(["README.md"]);
    await untilReply(begun.supervisor, "^Stale: README.md");
    await begun.supervisor.end();
  });

  test("cost nothing where no file of the workspace was read: the host is not asked", async () => {
    const path = "artifacts/notes.md";
    const note = { name: "write_file", input: { path, content: "x" } };
    const calls = [note, { name: "read_file", input: { path } }, { name: "list_files" }];
    const begun = await beginTask(world, "iso-o", { subagent_type: "plain" }, [
      { when: { assistantTurns: 0 }, reply: { toolCalls: calls } },
      { when: {}, reply: { text: "Kept." } },
    ]);
    expect((await untilEnded(begun)).result).toMatchObject({ artifacts: [path], stale: [] });
    const handle = world.bosun.client.workflow.getHandle(begun.task.taskId);
    const { events = [] } = await handle.fetchHistory();
    const run = events?.map((one) => one.activityTaskScheduledEventAttributes?.activityType?.name);
    expect(run).not.toContain("collectTask");
    expect(run).toContain("runTool");
    await begun.supervisor.end();
  });

  test("are said to be unknown when the host is away, and the task completes all the same", async () => {
    const away = await openIsolatedWorld({ workers: false, env: { BOSUN_COLLECT_MS: "500" } });
    try {
      await away.startWorkers({ BOSUN_ROLES: "workflows,models" });
      const tools = await away.startWorkers({ BOSUN_ROLES: "tools" });
      const plain = await beginTask(away, "iso-m", { subagent_type: "plain" }, reads("iso-m"));
      const apart = await beginTask(away, "iso-n", { subagent_type: "apart" }, [
        { when: { assistantTurns: 0 }, reply: { toolCalls: [write("n.txt")] } },
        { when: {}, reply: { text: "Done.", until: "iso-m" } },
      ]);
      for (const mark of ["iso-m", "iso-n"])
        await until(
          "the last call",
          async () => (await away.model.journal(`${mark}-task`)).length > 2,
        );
      tools.stop();
      await tools.done;
      await away.model.release("iso-m");
      const { status, result } = await untilEnded(plain);
      expect({ status, unknown: result?.staleUnknown }).toEqual({
        status: "completed",
        unknown: expect.stringMatching(/^Host .* did not answer/),
      });
      const other = await untilEnded(apart);
      expect(other.status).toBe("completed");
      expect(other.result?.diff?.kept).toMatch(/stay in its worktree.*did not answer/);
      await away.startWorkers({ BOSUN_ROLES: "tools" });
      const found = await away.bosun.diff(apart.task.taskId);
      expect(found.summary).toMatchObject({ files: 1 });
      await until("no worktree", async () => worktreesOf(away).length === 0);
      await Promise.all([plain, apart].map(({ supervisor }) => supervisor.end()));
    } finally {
      await away.close();
    }
  });
});

test("a worker killed while it makes a worktree is replaced: the task gets one, and the half-made one goes", async () => {
  const killed = await openIsolatedWorld({
    workers: false,
    env: { BOSUN_TOOL_HEARTBEAT_MS: "2000" },
  });
  const workers: ChildProcess[] = [];
  const start = async (path: string): Promise<ChildProcess> => {
    const worker = spawn(process.execPath, ["--import", "tsx", "workers/main.ts"], {
      cwd: root,
      env: { ...killed.env, PATH: path },
      stdio: ["ignore", "pipe", "inherit"],
    });
    workers.push(worker);
    await once(worker.stdout, "data");
    return worker;
  };
  try {
    const bin = join(killed.dir, "bin");
    const marker = join(killed.dir, "making");
    await mkdir(bin);
    // Git itself, slow in the middle of its first worktree.
    await writeFile(
      join(bin, "git"),
      `#!/bin/sh\nPATH=/usr/local/bin:/usr/bin:/bin\ngit "$@" || exit\ncase "$1" in worktree) touch "${marker}"; exec sleep 20;; esac\n`,
    );
    await chmod(join(bin, "git"), 0o755);
    const path = process.env["PATH"] ?? "";
    const first = await start(`${bin}:${path}`);
    const begun = await beginTask(
      killed,
      "iso-p",
      { subagent_type: "apart" },
      writesOnce("iso-p", "p.txt"),
    );
    await until("git at work", async () => existsSync(marker));
    const [half] = worktreesOf(killed);
    first.kill("SIGKILL");
    await once(first, "exit");
    await start(path);
    const { status, result } = await untilEnded(begun);
    expect({ status, files: result?.diff?.files }).toEqual({ status: "completed", files: 1 });
    expect(half).toMatch(/^apart-/);
    await until("no worktree", async () => worktreesOf(killed).length === 0);
    await begun.supervisor.end();
  } finally {
    for (const worker of workers) worker.kill("SIGKILL");
    await killed.close();
  }
}, 120_000);
