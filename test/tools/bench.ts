// A workspace of real files, with runTool upon it.
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { MockActivityEnvironment } from "@temporalio/testing";
import { DefaultLogger } from "@temporalio/worker";
import { onTestFinished } from "vitest";
import type { Attempt } from "../../activities/tools/effect-journal.ts";
import { createRunTool } from "../../activities/tools/run-tool.ts";
import type { HostActivities, ToolOutcome, ToolRunInput } from "../../protocol/activities.ts";
import type { CommandEnvironment } from "../../protocol/environment.ts";
import type { ToolName } from "../../protocol/tools/tools.ts";

export interface Bench {
  readonly top: string;
  readonly workspace: string;
  readonly dir: string;
  readonly artifacts: string;
  readonly runTool: HostActivities["runTool"];
  input(name: ToolName, input: unknown, more?: Partial<ToolRunInput>): ToolRunInput;
  /** One call under an id of its own, in an activity's real context. */
  call(name: ToolName, input: unknown, more?: Partial<ToolRunInput>): Promise<ToolOutcome>;
  /** The text of a call that must succeed, or with `refused` must not. */
  text(name: ToolName, input: unknown): Promise<string>;
  refused(name: ToolName, input: unknown): Promise<string>;
  content(path: string): Promise<string>;
}

/** Runs as an activity does, in its real context. */
export function inActivity<Input, Output>(
  run: (input: Input) => Promise<Output>,
  input: Input,
  environment = newEnvironment(),
): Promise<Output> {
  return environment.run<[Input], Output, typeof run>(run, input);
}

/** Without the worker's log of failures, which are what many a test is about. */
export function newEnvironment(
  workflowId = "test",
  scheduledAt = Date.now(),
): MockActivityEnvironment {
  const info = {
    workflowExecution: { workflowId, runId: "run-1" },
    currentAttemptScheduledTimestampMs: scheduledAt,
    heartbeatTimeoutMs: 30_000,
  };
  return new MockActivityEnvironment(info, { logger: new DefaultLogger("ERROR") });
}

/** An attempt at an effect that nobody cancels. */
export function newAttempt(): Attempt {
  return { cancellationSignal: new AbortController().signal, cancellationDetails: undefined };
}

export type Files = Readonly<Record<string, string | Buffer>>;

export async function fill(folder: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** Removed when the test ends. */
export async function newFolder(): Promise<string> {
  const top = await realpath(await mkdtemp(join(tmpdir(), "bosun-test-")));
  onTestFinished(() => rm(top, { recursive: true, force: true }));
  return top;
}

export interface BenchOptions {
  readonly dir?: string;
  readonly workspace?: string;
  readonly commands?: CommandEnvironment;
}

export async function newBench(files: Files = {}, shared: BenchOptions = {}): Promise<Bench> {
  const top = await newFolder();
  const workspace = shared.workspace ?? join(top, "workspace");
  const dir = shared.dir ?? join(top, "state");
  await mkdir(workspace, { recursive: true });
  await mkdir(dir, { recursive: true });
  await fill(workspace, files);
  const { commands } = shared;
  const runTool = createRunTool({ dir, host: "here", ...(commands && { commands }) });
  let calls = 0;
  const bench: Bench = {
    top,
    workspace,
    dir,
    artifacts: join(dir, "artifacts", "root-1"),
    runTool,
    input: (name, input, more) => {
      calls += 1;
      const place = { host: "here", path: workspace, writable: true, git: false };
      const ids = { rootId: "root-1", toolUseId: `toolu_${calls}` };
      return { workspace: place, ...ids, name, input, ...more };
    },
    call: (name, input, more) => inActivity(runTool, bench.input(name, input, more)),
    text: async (name, input) => {
      const outcome = await bench.call(name, input);
      if (outcome.isError) throw new Error(outcome.text);
      return outcome.text;
    },
    refused: async (name, input) => {
      const outcome = await bench.call(name, input);
      if (!outcome.isError) throw new Error(`not refused: ${outcome.text}`);
      return outcome.text;
    },
    content: (path) => readFile(join(workspace, path), "utf8"),
  };
  return bench;
}
