// An effect happens once, or nobody claims that it did.
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createEffectJournal, type Effect } from "../../activities/tools/effect-journal.ts";
import { createRunTool } from "../../activities/tools/run-tool.ts";
import type { ToolOutcome, ToolRunInput } from "../../protocol/activities.ts";
import {
  type Bench,
  inActivity,
  newAttempt,
  newBench,
  newEnvironment,
  newFolder,
} from "./bench.ts";

const never = newAttempt();

/** A further attempt, in a worker that knows nothing of the first. */
function attempt(bench: Bench, input: ToolRunInput): Promise<ToolOutcome> {
  const runTool = createRunTool({ dir: bench.dir, host: "here" });
  return inActivity(runTool, input, newEnvironment("coder-1"));
}

function recordOf(bench: Bench, { toolUseId }: ToolRunInput): string {
  return join(bench.dir, "journal/coder-1", `${toolUseId}.json`);
}

const append = { path: "a.txt", old_text: "a", new_text: "aa" };

describe("a worker killed", () => {
  test("before the record: the next attempt runs the tool", async () => {
    const bench = await newBench({ "a.txt": "a" });
    const input = bench.input("edit_file", append);
    await mkdir(dirname(recordOf(bench, input)), { recursive: true });
    await writeFile(join(dirname(recordOf(bench, input)), ".bosun-0123456789ab.tmp"), '{"sta');
    expect(await attempt(bench, input)).toMatchObject({ isError: false });
    expect(await bench.content("a.txt")).toBe("aa");
  });

  test("between record and effect: the next attempt does not run it and says so", async () => {
    const bench = await newBench({ "a.txt": "a" });
    const input = bench.input("edit_file", append);
    await attempt(bench, input);
    await asBegun(recordOf(bench, input));
    await writeFile(join(bench.workspace, "a.txt"), "a");
    const outcome = await attempt(bench, input);
    expect(outcome).toMatchObject({ isError: true, inDoubt: "edit_file a.txt", artifacts: [] });
    expect(outcome.text).toContain("may have begun, outcome unknown");
    expect(outcome.text).toContain("Read the file");
    expect(await bench.content("a.txt")).toBe("a");
    expect(await attempt(bench, input)).toEqual(outcome);
  });

  test("between effect and its record: neither is it run a second time", async () => {
    const bench = await newBench({ "a.txt": "a" });
    const input = bench.input("edit_file", append);
    await attempt(bench, input);
    await asBegun(recordOf(bench, input));
    expect(await attempt(bench, input)).toMatchObject({ inDoubt: "edit_file a.txt" });
    expect(await bench.content("a.txt")).toBe("aa");
  });

  test("after both: the next attempt returns what was recorded", async () => {
    const bench = await newBench({ "a.txt": "a" });
    const input = bench.input("edit_file", append);
    const first = await attempt(bench, input);
    expect(await attempt(bench, input)).toEqual(first);
    expect(await bench.content("a.txt")).toBe("aa");
  });

  test("with SIGKILL in the middle of the effect leaves an effect in doubt", async () => {
    const bench = await newBench();
    const path = join(bench.top, "effect.txt");
    const killed = fileURLToPath(new URL("killed-effect.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", killed, bench.dir, path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await readFile(path, "utf8")).toBe("half of ");
    const record = join(bench.dir, "journal/coder-1/toolu_1.json");
    expect(JSON.parse(await readFile(record, "utf8"))).toMatchObject({
      state: "begun",
      pid: child.pid,
    });
    const effect = { ...anEffect, input: path };
    const outcome = await createEffectJournal(bench.dir).once(effect, never, mustNotRun);
    expect(outcome).toMatchObject({ isError: true, inDoubt: "write_file effect.txt" });
  });
});

/** As a worker leaves it that never came to say how it ended. */
async function asBegun(path: string): Promise<void> {
  const { outcome: _outcome, ...entry } = JSON.parse(await readFile(path, "utf8")) as {
    outcome: unknown;
  };
  await writeFile(path, JSON.stringify({ ...entry, state: "begun" }));
}

const anEffect: Effect = {
  workflowId: "coder-1",
  toolUseId: "toolu_1",
  tool: "write_file",
  label: "write_file effect.txt",
  input: { path: "effect.txt" },
};

function mustNotRun(): Promise<ToolOutcome> {
  throw new Error("the effect was run");
}

const done = (text: string): ToolOutcome => ({ text, isError: false, artifacts: [] });

test("an error outcome is recorded like any other", async () => {
  const bench = await newBench({ "a.txt": "b" });
  const input = bench.input("edit_file", append);
  const first = await attempt(bench, input);
  expect(first).toMatchObject({ isError: true });
  await writeFile(join(bench.workspace, "a.txt"), "a");
  expect(await attempt(bench, input)).toEqual(first);
});

test("what is recorded is returned even to an attempt that was cancelled", async () => {
  const bench = await newBench({ "a.txt": "a" });
  const input = bench.input("edit_file", append);
  const first = await attempt(bench, input);
  const cancelled = newEnvironment("coder-1");
  cancelled.cancel();
  expect(await inActivity(bench.runTool, input, cancelled)).toEqual(first);
});

test("a second attempt in the same process joins the first", async () => {
  const journal = createEffectJournal(await newFolder());
  let runs = 0;
  const finish = new EventEmitter();
  const run = async () => {
    runs += 1;
    await once(finish, "now");
    return done("once");
  };
  const first = journal.once(anEffect, never, run);
  const second = journal.once(anEffect, never, run);
  await expect.poll(() => runs, { interval: 1 }).toBe(1);
  const third = journal.once(anEffect, never, run);
  finish.emit("now");
  expect(await Promise.all([first, second, third])).toEqual(Array(3).fill(done("once")));
  expect(runs).toBe(1);
});

test("a cancelled attempt stops an effect that it began, and what came of it is recorded", async () => {
  const dir = await newFolder();
  const journal = createEffectJournal(dir);
  const controller = new AbortController();
  const cancelled = { cancellationSignal: controller.signal, cancellationDetails: undefined };
  const running = journal.once(anEffect, cancelled, async (stop) => {
    controller.abort();
    return done(stop.aborted ? "stopped" : "went on");
  });
  expect(await running).toEqual(done("stopped"));
  expect(await createEffectJournal(dir).once(anEffect, never, mustNotRun)).toEqual(done("stopped"));
});

test("of two processes only one begins", async () => {
  const dir = await newFolder();
  let runs = 0;
  const run = async () => {
    runs += 1;
    return done("ran");
  };
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, () => createEffectJournal(dir).once(anEffect, never, run)),
  );
  expect(runs).toBe(1);
  const others = outcomes.filter(({ text }) => text !== "ran");
  expect(others.every(({ inDoubt }) => inDoubt === anEffect.label)).toBe(true);
});

test("an effect that throws stays in doubt", async () => {
  const journal = createEffectJournal(await newFolder());
  await expect(journal.once(anEffect, never, mustNotRun)).rejects.toThrow("was run");
  expect(await journal.once(anEffect, never, mustNotRun)).toMatchObject({
    inDoubt: anEffect.label,
  });
});

test.each(["", "{", "[]", '{"state":"done"}', '{"state":"begun"}'])(
  "a record that reads %j counts as begun",
  async (content) => {
    const dir = await newFolder();
    await mkdir(join(dir, "journal/coder-1"), { recursive: true });
    await writeFile(join(dir, "journal/coder-1/toolu_1.json"), content);
    const outcome = await createEffectJournal(dir).once(anEffect, never, mustNotRun);
    expect(outcome).toMatchObject({ isError: true, inDoubt: anEffect.label });
  },
);

test("another call under the same id is refused, not taken for a retry", async () => {
  const journal = createEffectJournal(await newFolder());
  await journal.once(anEffect, never, async () => done("first"));
  const other = { ...anEffect, input: { path: "other.txt" } };
  const outcome = await journal.once(other, never, mustNotRun);
  expect(outcome).toMatchObject({ isError: true, text: expect.stringContaining("same id") });
  expect(outcome.inDoubt).toBeUndefined();
});

test("without a record there is no effect", async () => {
  const bench = await newBench({ "a.txt": "a" });
  await writeFile(join(bench.dir, "journal"), "a file in the way");
  const outcome = await bench.call("edit_file", append);
  expect(outcome).toMatchObject({ isError: true });
  expect(outcome.text).toContain("was not run and nothing was changed");
  expect(outcome.inDoubt).toBeUndefined();
  expect(await bench.content("a.txt")).toBe("a");
  await rm(join(bench.dir, "journal"));
  expect(await bench.call("edit_file", append)).toMatchObject({ isError: false });
});

test.each(["../../escape", "a/b", "", ".", "x".repeat(200), "tool use 1", "toolu_é"])(
  "the id %j becomes a safe file name",
  async (toolUseId) => {
    const bench = await newBench({ "a.txt": "a" });
    await bench.call("edit_file", append, { toolUseId });
    expect((await readdir(bench.dir)).toSorted()).toEqual(["journal", "reads"]);
    expect(await readdir(join(bench.dir, "journal"))).toEqual(["test"]);
    const names = await readdir(join(bench.dir, "journal/test"));
    expect(names).toEqual([expect.stringMatching(/^sha256\.[0-9a-f]{40}\.json$/)]);
  },
);

test("reads leave no record", async () => {
  const bench = await newBench({ "a.txt": "a" });
  await bench.text("read_file", { path: "a.txt" });
  expect(await readdir(bench.dir)).not.toContain("journal");
});
