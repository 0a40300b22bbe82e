// Every workflow by name, signature, id and start input.
import type { Budget } from "./budget.ts";
import type { PreparedWorkspace, Workspace } from "./agent.ts";
import type { FindingsNews } from "./findings.ts";
import type { ErrandAnswer, ErrandInput, Isolation, Scope } from "./isolation.ts";
import type { Deadline } from "./deadline.ts";
import type { PersonMessage } from "./messages.ts";
import type { Settings } from "./settings.ts";
import type { Envelope } from "./task.ts";

export const workflowTypes = {
  supervisor: "supervisor",
  subagent: "subagent",
  janitor: "janitor",
  errand: "errand",
} as const;

export interface SupervisorInput {
  readonly agent: string;
  readonly workspace: Workspace;
  /** Messages that are there before the first turn. */
  readonly messages: readonly PersonMessage[];
  readonly settings: Settings;
  /** What it may spend with its tasks, where that was said. Missing from version 0.1: it has no limit. */
  readonly budget?: Budget;
  /** Everything the previous run held. Only a roll sets it. */
  readonly snapshot?: Snapshot;
}

/** One more attempt at a task that has ended. */
export interface Attempt {
  /** The id of the first attempt. */
  readonly taskId: string;
  /** Counts from 2. */
  readonly number: number;
  /** The workflow of the attempt before, from whose transcript this one begins. */
  readonly before: string;
  readonly retryId: string;
  /** What to do otherwise. May be empty. */
  readonly message: string;
}

export interface SubagentInput {
  readonly description: string;
  readonly agent: string;
  readonly workspace: PreparedWorkspace;
  readonly parentId: string;
  readonly rootId: string;
  readonly depth: number;
  /** The parent's model, for agents that inherit it. */
  readonly parentModel: string;
  /** False when the task waits for `begin`. */
  readonly begun: boolean;
  /** What the tasks beside it had found before it was started, the newest. */
  readonly findings?: FindingsNews;
  /** Over what its agent's file says. */
  readonly isolation?: Isolation;
  /** What it may change: its own scope, and those of the tasks above it. */
  readonly scopes?: readonly Scope[];
  /** Whether the workspace is a worktree already, of a task above it. */
  readonly inWorktree?: boolean;
  readonly deadline?: Deadline;
  /** Its parent was paused when it was started, so it is too. */
  readonly paused?: boolean;
  /** Set from the second attempt on. */
  readonly attempt?: Attempt;
  readonly settings: Settings;
  /** What its parent hands it to spend. Missing from version 0.1: it has no limit, and asks for none. */
  readonly lease?: Budget;
  /** What whoever started it lets it spend at most. */
  readonly budget?: Budget;
  readonly snapshot?: Snapshot;
}

/** The state a run hands to the next one: JSON-safe, below 1.3 MB. Its shape belongs to the workflows. */
export type Snapshot = { readonly version: 1 } & Readonly<Record<string, unknown>>;

/** Lives until it is ended. */
export type Supervisor = (input: SupervisorInput) => Promise<void>;
/** Completes with its envelope, or fails as `TaskFailed` with the envelope as detail. */
export type Subagent = (input: SubagentInput) => Promise<Envelope>;
/** Fetches something from a host for a client, which waits for it. */
export type Errand = (input: ErrandInput) => Promise<ErrandAnswer>;
