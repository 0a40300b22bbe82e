// Every activity, as a workflow calls it.
import type { AgentDefinition, PreparedWorkspace, Workspace } from "./agent.ts";
import type { Spent } from "./budget.ts";
import type { Handover } from "./control.ts";
import type { ClaimResult } from "./claims.ts";
import type {
  Applied,
  Collected,
  CollectInput,
  DiffPart,
  DiffSummary,
  ReadDiffInput,
  ReleaseInput,
  Scope,
  Worktree,
  WorktreeRequest,
} from "./isolation.ts";
import type { LiveCall } from "./live-call.ts";
import type { Price } from "./models.ts";
import type { Envelope, TaskEnd } from "./task.ts";
import type { ModelAnswer, ToolAnswer, TranscriptRef } from "./turn.ts";
import type { CheckDetail, TaskReport, TaskView } from "./views.ts";
import type { ToolName } from "./tools/tools.ts";
import type { SubagentInput } from "./workflows.ts";

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

export interface ToolRunInput {
  readonly workspace: PreparedWorkspace;
  readonly rootId: string;
  readonly toolUseId: string;
  readonly name: ToolName;
  readonly input: unknown;
  /** What a tool that writes may change. Missing: all of the workspace. */
  readonly scopes?: readonly Scope[];
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

interface ReadTasksInput {
  readonly taskIds: readonly string[];
  readonly detail: CheckDetail;
}
export interface TaskReading {
  /** Without texts where several tasks were asked for: only how each stands. */
  readonly view: TaskView;
  /** From `digest` on: the model call it is in. */
  readonly live?: LiveCall;
  /** Only when a worker answered in time. */
  readonly report?: TaskReport;
}

export interface ReadAttemptInput {
  /** The id of the first attempt. */
  readonly taskId: string;
  /** The workflow of the attempt that has ended. */
  readonly before: string;
}
/** What holds for every attempt at a task. */
export type TaskTerms = Pick<SubagentInput, "description" | "scopes" | "inWorktree" | "budget">;
/** What a new attempt begins from. */
export interface AttemptReading {
  /** What the first attempt was started with. Missing when its record is gone. */
  readonly given?: TaskTerms;
  /** Missing when no worker could tell it: then the envelope is all there is. */
  readonly handover?: Handover;
  readonly ending: TaskEnding;
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

export interface ClaimKeyInput {
  readonly rootId: string;
  readonly key: string;
}

export interface ModelActivities {
  /** Fails by a type of `failures.ts` or of the Messages API, with `retryAfterMs` and `backend` where they are known. */
  callModel(input: ModelCallInput): Promise<ModelAnswer>;
}
export interface HostActivities {
  /** Fails as `InvalidWorkspace` with words for the person. */
  prepareWorkspace(
    workspace: Workspace,
    worktree?: WorktreeRequest,
  ): Promise<PreparedWorkspace & { readonly worktree?: Worktree }>;
  /** Fails as `InvalidAgent` with file, line and remedy. */
  loadAgent(input: LoadAgentInput): Promise<AgentDefinition>;
  runTool(input: ToolRunInput): Promise<ToolOutcome>;
  /** What an ending task leaves on its host: its diff as an artifact, and which of its reads are stale. */
  collectTask(input: CollectInput): Promise<Collected>;
  /** Takes the diff of an ended task once more, then removes its worktree. Nothing when it had none. */
  releaseWorktree(input: ReleaseInput): Promise<DiffSummary | null>;
  /** Fails as `NoDiff` with words for whoever asks. */
  readDiff(input: ReadDiffInput): Promise<DiffPart>;
  applyDiff(input: ReleaseInput): Promise<Applied>;
}
export interface WatchActivities {
  /** Resolves as soon as one of the tasks has ended, with all that have. At most 100 ids. */
  awaitTasks(taskIds: readonly string[]): Promise<readonly TaskEnding[]>;
  /** How each task stands. An unknown id is left out. */
  readTasks(input: ReadTasksInput): Promise<readonly TaskReading[]>;
  /** The envelope of one ended task, also when it was cancelled, terminated or timed out. */
  readEnding(taskId: string): Promise<TaskEnding>;
  /** What an ended attempt leaves to the next one. */
  readAttempt(input: ReadAttemptInput): Promise<AttemptReading>;
  /** Resolves when a task's worker has taken its cancellation, with the levels of tasks below it. */
  awaitCancelTaken(taskId: string): Promise<{ readonly height: number }>;
  /** Terminates what still runs of a task and of all below it, leaves first. Resolves to how it ended. */
  forceEnd(taskId: string): Promise<TaskEnding>;
  /** What a task and all below it have spent, once nothing of them runs any more. */
  readSpent(taskId: string): Promise<Spent>;
  /** Looks for tasks that nobody waits for. Without news it fails as `NothingFound`, to be repeated, for an hour. */
  findOrphans(input: FindOrphansInput): Promise<FoundOrphans>;
  /** Claims a key for the workflow that calls it. What ended owners had is free. */
  claimKey(input: ClaimKeyInput): Promise<ClaimResult>;
}
