// How a task comes by its worktree and its scope.
import type { Isolation, Scope } from "../../protocol/isolation.ts";
import type { ToolName } from "../../protocol/tools/tools.ts";
import type { SubagentInput } from "../../protocol/workflows.ts";
import { type Agent, tell } from "../agent/agent.ts";
import { TaskFailure } from "../agent/failures.ts";
import { prepareWorktree } from "../agent/host.ts";
import { findTask, workflowOf } from "../tasks/board.ts";

interface Asked {
  readonly subagent_type: string;
  readonly isolation?: Isolation | undefined;
  readonly scope?: Scope | undefined;
}

const remedy = 'Give it isolation: "worktree" too, or leave the scope out.';

/** Commands write where they like. Only the diff of a worktree can be held to a scope. */
export function refusalOfScope(agent: Agent, asked: Asked): string | undefined {
  const line = agent.state.definition?.roster.find(({ name }) => name === asked.subagent_type);
  if (!line?.commands || asked.isolation || line.isolation) return undefined;
  if (!isUnheld(agent.state.files, asked.scope)) return undefined;
  return `${asked.subagent_type} may run commands, and no scope holds these back in the workspace itself. ${remedy}`;
}

/** A scope that no worktree enforces: of its own, or from above without a worktree above. */
function isUnheld({ scopes, worktree }: Agent["state"]["files"], own: Scope | undefined): boolean {
  return own !== undefined || (scopes !== undefined && worktree === undefined);
}

/** What a new task is started with, and its parent remembers. */
export function toTaskFiles(
  { state }: Agent,
  { subagent_type, isolation, scope }: Asked,
): { readonly isolation?: Isolation; readonly scope?: Scope } {
  const line = state.definition?.roster.find(({ name }) => name === subagent_type);
  const kind = isolation ?? line?.isolation;
  return { ...(kind && { isolation: kind }), ...(scope && { scope }) };
}

/** A task is held to the scopes above it, too. */
export function toChildFiles(
  { state }: Agent,
  { isolation, scope }: { readonly isolation?: Isolation; readonly scope?: Scope },
): Pick<SubagentInput, "isolation" | "scopes" | "inWorktree"> {
  const scopes = [...(state.files.scopes ?? []), ...(scope ? [scope] : [])];
  return {
    ...(isolation && { isolation }),
    ...(scopes.length > 0 && { scopes }),
    ...(state.files.worktree && { inWorktree: true }),
  };
}

/** Before its first turn: the scope is checked, and the worktree made, once. */
export async function isolate(agent: Agent, input: SubagentInput): Promise<void> {
  const { state } = agent;
  const isolation = input.isolation ?? state.definition?.isolation;
  const { scopes } = input;
  if (scopes && !state.files.scopes) state.files = { ...state.files, scopes };
  const commands = state.definition?.tools.some(({ name }) => name === "run_command") ?? false;
  if (scopes && commands && !isolation && !input.inWorktree) {
    throw new TaskFailure(
      "error",
      `${agent.name} may run commands, and no scope holds these back in the workspace itself. Start it again with isolation: worktree, or without a scope.`,
    );
  }
  if (isolation && !state.files.worktree) await makeWorktree(agent, input);
}

async function makeWorktree(
  agent: Agent,
  { workspace, scopes = [] }: SubagentInput,
): Promise<void> {
  const { state, settings } = agent;
  const { maxDiffBytes } = settings.limits;
  const { host, path } = workspace;
  state.files = { ...state.files, asked: true };
  const request = { taskId: agent.id, rootId: agent.rootId, scopes, maxDiffBytes };
  const made = await prepareWorktree(agent, { host, path }, request);
  const { worktree, ...prepared } = made;
  if (!worktree) {
    throw new TaskFailure(
      "error",
      `The tools worker of host ${host} is of an older version and makes no worktrees. Start a newer one there, and the task again.`,
    );
  }
  state.workspace = prepared;
  state.files = { ...state.files, worktree };
  for (const text of worktree.notes) tell(agent, { type: "trouble", text });
}

/** What the task is told of its files, as data. */
export function toFileFacts({ state }: Agent): object {
  const { worktree, scopes } = state.files;
  return {
    ...(worktree && { isolation: "worktree", base: worktree.base.slice(0, 12) }),
    ...(worktree && worktree.uncommitted.length > 0 && { uncommitted: worktree.uncommitted }),
    ...(worktree && worktree.more > 0 && { more_uncommitted: worktree.more }),
    ...(scopes && { scope: scopes.length === 1 ? scopes[0] : scopes }),
  };
}

export function toFileWords({ state }: Agent): string {
  const { worktree, scopes } = state.files;
  const words = ["Paths are relative to the workspace."];
  if (worktree) {
    words.push(
      "You work in a git worktree of your own, made from the last commit. When you end, what you changed is handed over as a diff: leave it uncommitted.",
    );
    if (worktree.uncommitted.length > 0) {
      words.push(
        "The paths under uncommitted have changes in the person's folder that are not in your worktree: say so where they matter.",
      );
    }
    words.push(...worktree.notes);
  }
  if (scopes) words.push("Change only what is in the scope, and say what should change beside it.");
  return words.join(" ");
}

const reads: ReadonlySet<ToolName> = new Set(["read_file", "write_file", "edit_file"]);

/** Nobody but the tree itself writes its artifacts: these are not followed. */
const ownFile = /^(\.\/)*artifacts\/(?!.*\.\.)/s;

/** Whether there is anything on the host to look at when the task ends. */
export function noteRead(
  { role, state }: Agent,
  { name, input }: { readonly name: ToolName; readonly input: unknown },
): void {
  if (role !== "subagent" || !reads.has(name)) return;
  const { path } = input as { readonly path: string };
  if (!ownFile.test(path)) state.files = { ...state.files, hasRead: true };
}

const diffTools: ReadonlySet<ToolName> = new Set(["read_diff", "apply_diff"]);

/** A diff is on record under the workflow that made it: that of the newest attempt, if none is named. */
export function toHostInput(
  { state }: Agent,
  { name, input }: { readonly name: ToolName; readonly input: unknown },
): unknown {
  if (!diffTools.has(name)) return input;
  const { attempt, ...given } = input as { readonly task_id: string; readonly attempt?: number };
  const task = findTask(state.board, given.task_id);
  const meant = task && (attempt === undefined ? task : { ...task, attempt });
  return meant ? { ...given, task_id: workflowOf(meant) } : given;
}
