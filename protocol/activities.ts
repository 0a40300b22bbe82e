// Every activity, as a workflow calls it.
import type { AgentDefinition, PreparedWorkspace, Workspace } from "./agent.ts";
import type { Spent } from "./budget.ts";
import type { Price } from "./prices.ts";
import type { Envelope, TaskEnd } from "./task.ts";
import type { ModelAnswer, ToolAnswer, TranscriptRef } from "./turn.ts";
import type { CheckDetail, TaskReport, TaskView } from "./views.ts";
import type { ToolName } from "./tools.ts";

export interface ModelCallInput {
  readonly transcript: TranscriptRef;
  /** The generation's backend. A worker that talks to another refuses with `BackendChanged`. */
  readonly backend: string;
  readonly maxTokens: number;
  /** Left out by workflow workers of version 0.1. */
  readonly purpose?: ModelPurpose;
  /** What its tokens cost, where the agent was started with a price. */
  readonly price?: Price;
  /** What version 0.1 said instead of `purpose`, and still understands: no tool may be called. */
  readonly closing?: boolean;
}

/**
 * `turn`: the next answer. `closing`: the last one of a task whose turns have run out. `summary`: the
 * transcript so far in few words, asked for by a text that only this call sees. Tools stay declared for
 * all three, and only a turn may call them.
 */
export type ModelPurpose = "turn" | "closing" | "summary";

/** Beats of `callModel`: a short tail of the answer so far. */
export interface ModelBeat {
  readonly phase: "pulling" | "waiting" | "streaming";
  readonly bytes: number;
  /** At most 300 characters. */
  readonly tail: string;
}

export interface ToolRunInput {
  readonly workspace: PreparedWorkspace;
  readonly rootId: string;
  readonly toolUseId: string;
  readonly name: ToolName;
  readonly input: unknown;
}

/** What the model gets to see of a tool call, cut to the tool output cap. */
export interface ToolOutcome extends ToolAnswer {
  /** Paths under `artifacts/` that the call wrote. */
  readonly artifacts: readonly string[];
  /** Set when an earlier attempt may have begun and nobody saw its end. */
  readonly inDoubt?: string;
}

export interface LoadAgentInput {
  readonly name: string;
  readonly workspace: Workspace;
  /** False for an agent at the depth limit: it gets no delegation tools. */
  readonly mayDelegate: boolean;
}

/** How a task ended, as Temporal saw it. */
export interface TaskEnding {
  readonly taskId: string;
  readonly end: TaskEnd;
  readonly envelope: Envelope;
}

export interface ReadTasksInput {
  readonly taskIds: readonly string[];
  readonly detail: CheckDetail;
}
export interface TaskReading {
  readonly view: TaskView;
  /** Only when a worker answered in time. */
  readonly report?: TaskReport;
}

export interface FindOrphansInput {
  readonly installation: string;
  /** How long the agent that started a task has to be gone. */
  readonly graceMs: number;
  readonly intervalMs: number;
  /** Found once already, one interval ago. */
  readonly suspects: readonly string[];
  /** Orphans that are dealt with. */
  readonly known: readonly string[];
}
export interface FoundOrphans {
  /** Found twice, one interval apart. */
  readonly orphans: readonly string[];
  readonly suspects: readonly string[];
  readonly lookedAt: string;
}

export interface ModelActivities {
  callModel(input: ModelCallInput): Promise<ModelAnswer>;
}
export interface HostActivities {
  /** Fails as `InvalidWorkspace` with words for the person. */
  prepareWorkspace(workspace: Workspace): Promise<PreparedWorkspace>;
  /** Fails as `InvalidAgent` with file, line and remedy. */
  loadAgent(input: LoadAgentInput): Promise<AgentDefinition>;
  runTool(input: ToolRunInput): Promise<ToolOutcome>;
}
export interface WatchActivities {
  /** Resolves as soon as one of the tasks has ended, with all that have. At most 100 ids. */
  awaitTasks(taskIds: readonly string[]): Promise<readonly TaskEnding[]>;
  /** How each task stands. An unknown id is left out. */
  readTasks(input: ReadTasksInput): Promise<readonly TaskReading[]>;
  /** The envelope of one ended task, also when it was cancelled, terminated or timed out. */
  readEnding(taskId: string): Promise<TaskEnding>;
  /** Resolves when a task's worker has taken its cancellation, with the levels of tasks below it. */
  awaitCancelTaken(taskId: string): Promise<{ readonly height: number }>;
  /** Terminates what still runs of a task and of all below it, leaves first. Resolves to how it ended. */
  forceEnd(taskId: string): Promise<TaskEnding>;
  /** What a task and all below it have spent, once nothing of them runs any more. */
  readSpent(taskId: string): Promise<Spent>;
  /** Looks for tasks that nobody waits for. Without news it fails as `NothingFound`, to be repeated, for an hour. */
  findOrphans(input: FindOrphansInput): Promise<FoundOrphans>;
}
export type Activities = ModelActivities & HostActivities & WatchActivities;
