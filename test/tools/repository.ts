// A real git repository with its host activities.
import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { HostActivities } from "../../protocol/activities.ts";
import type { WorktreeRequest } from "../../protocol/isolation.ts";
import type { ToolName } from "../../protocol/tools/tools.ts";
import { createIsolation } from "../../activities/edits/isolation.ts";
import { createPrepareWorkspace } from "../../activities/prepare-workspace.ts";
import { createRunTool } from "../../activities/tools/run-tool.ts";
import { type Files, fill, inActivity, newEnvironment, newFolder } from "./bench.ts";

const env = { PATH: process.env["PATH"] ?? "", HOME: "/nowhere" };

export function git(cwd: string, ...args: readonly string[]): string {
  const who = [
    "-c",
    "user.name=Ann",
    "-c",
    "user.email=ann@example.com",
    "-c",
    "init.defaultBranch=main",
  ];
  return execFileSync("git", [...who, ...args], { cwd, env, encoding: "utf8" });
}

export function commitAll(cwd: string, message = "changes"): void {
  git(cwd, "add", "--all");
  git(cwd, "commit", "--quiet", "--message", message);
}

export async function newRepository(folder: string, files: Files): Promise<void> {
  await mkdir(folder, { recursive: true });
  git(folder, "init", "--quiet");
  await fill(folder, files);
  commitAll(folder, "first");
}

export interface Isolated {
  readonly top: string;
  readonly workspace: string;
  readonly dir: string;
  readonly host: ReturnType<typeof createIsolation>;
  prepare(taskId: string, more?: Partial<WorktreeRequest>, path?: string): Promise<string>;
  /** One call of a tool in a task's worktree. */
  tool(
    taskId: string,
    path: string,
    name: ToolName,
    input: object,
  ): Promise<{ readonly text: string; readonly isError: boolean }>;
  collect(taskId: string, path: string): ReturnType<HostActivities["collectTask"]>;
  release(taskId: string): ReturnType<HostActivities["releaseWorktree"]>;
  diff(taskId: string): Promise<string>;
  apply(taskId: string): ReturnType<HostActivities["applyDiff"]>;
}

/** The repository lies in `workspace`, Bosun's state in it as it does with a person. */
export async function newIsolated(files: Files): Promise<Isolated> {
  const top = await newFolder();
  const workspace = join(top, "workspace");
  await newRepository(workspace, files);
  const dir = join(workspace, ".bosun");
  await fill(dir, { ".gitignore": "*\n" });
  const commands = { env, sandbox: "off" as const };
  const prepareWorkspace = createPrepareWorkspace({ host: "here", dir, commands });
  const runTool = createRunTool({ dir, host: "here", commands });
  const host = createIsolation({ dir, env });
  let calls = 0;
  const rootId = "root-1";
  const ids = (taskId: string) => ({ taskId, rootId });
  return {
    top,
    workspace,
    dir,
    host,
    prepare: async (taskId, more, path = workspace) => {
      const request = { ...ids(taskId), scopes: [], maxDiffBytes: 1_000_000, ...more };
      const made = await inActivity(
        () => prepareWorkspace({ host: "here", path }, request),
        undefined,
      );
      return made.path;
    },
    tool: (taskId, path, name, input) => {
      calls += 1;
      const place = { host: "here", path, writable: true, git: true };
      const call = { workspace: place, rootId, toolUseId: `toolu_${calls}`, name, input };
      return inActivity(runTool, call, newEnvironment(taskId));
    },
    collect: (taskId, path) => inActivity(host.collectTask, { ...ids(taskId), path }),
    release: (taskId) => inActivity(host.releaseWorktree, ids(taskId)),
    diff: async (taskId) => {
      const part = await inActivity(host.readDiff, { ...ids(taskId), offset: 0 });
      return Buffer.from(part.data, "base64").toString();
    },
    apply: (taskId) => inActivity(host.applyDiff, ids(taskId)),
  };
}
