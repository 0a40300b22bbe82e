// An async task, and the only ways its status may move.
import type { Spent } from "./budget.ts";
import type { DiffSummary } from "./isolation.ts";
import { noUsage, type Usage } from "./turn.ts";

export const waitingReasons = [
  "approval",
  "answer",
  "event",
  "quota",
  "budget",
  "model",
  "tasks",
  "paused",
  "host",
  "slot",
] as const;
/** What a waiting agent waits for. Several can hold at once. */
export type WaitingReason = (typeof waitingReasons)[number];

/** `dependency`: a task that it waited for. `terminated`: by somebody else. `lost`: nobody knows what became of it. */
export type FailureReason =
  | "error"
  | "timeout"
  | "budget"
  | "refusal"
  | "dependency"
  | "terminated"
  | "lost";

export type TaskStatus = TaskPhase["status"];

/** Where a task stands. The last three are final. */
export type TaskPhase =
  | { readonly status: "queued" }
  | { readonly status: "running" }
  | { readonly status: "waiting"; readonly waitingOn: readonly WaitingReason[] }
  | { readonly status: "completed" }
  | { readonly status: "failed"; readonly reason: FailureReason }
  | { readonly status: "cancelled"; readonly forced?: boolean };

export type TaskEnd = Extract<TaskPhase, { status: "completed" | "failed" | "cancelled" }>;

/** Something that happened to a task. */
export type TaskMove =
  | { readonly type: "begun" }
  | { readonly type: "waiting"; readonly waitingOn: readonly WaitingReason[] }
  | { readonly type: "resumed" }
  | { readonly type: "ended"; readonly end: TaskEnd };

export function isEnded(phase: TaskPhase): phase is TaskEnd {
  return phase.status === "completed" || phase.status === "failed" || phase.status === "cancelled";
}

/** The phase after a move. An ended task stays as it ended, and a begun task never queues again. */
export function moveTask(phase: TaskPhase, move: TaskMove): TaskPhase {
  if (isEnded(phase)) return phase;
  switch (move.type) {
    case "begun":
      return phase.status === "queued" ? { status: "running" } : phase;
    case "waiting":
      return phase.status === "queued" ? phase : { status: "waiting", waitingOn: move.waitingOn };
    case "resumed":
      return phase.status === "waiting" ? { status: "running" } : phase;
    case "ended":
      return move.end;
  }
}

/** What a cancelled task is given before it is stopped by force. Times are ISO 8601. */
export interface Grace {
  readonly askedAt: string;
  /** When the task said that it stops. Missing when it has not. */
  readonly takenAt?: string;
  readonly lengthMs?: number;
  /** Until when it may stop by itself. Missing while no worker has taken the cancellation. */
  readonly until?: string;
  /** Nobody worked for a good part of the grace, so it was given again. Once. */
  readonly again?: true;
}

/** Why Temporal says that a task was terminated when Bosun did it. By this it is told from anybody else. */
export const forcedReason = "bosun: it was asked to stop and did not within its grace";

/** Proof that a steering note entered the transcript. `at` is ISO 8601. */
export interface Receipt {
  readonly noteId: string;
  readonly turn: number;
  readonly at: string;
}

/** The newest note that entered a task's transcript. */
export interface Instruction {
  readonly noteId: string;
  readonly from: "supervisor" | "person";
  /** Cut to 300 bytes. */
  readonly text: string;
}

/** What kind of error ended a task. Its words are in `notDone`. */
export interface TaskError {
  /** The type of the failure: that of the Messages API, or one of Bosun's own. */
  readonly type: string;
  /** Whether the same may work at another time. */
  readonly retryable: boolean;
  /** Attempts at the call that failed, where they were counted. */
  readonly attempts?: number;
}

/** What a task leaves behind: at most 3 KB as JSON. Fields that may be missing say nothing when they are. */
export interface Envelope {
  readonly status: TaskEnd["status"];
  readonly reason?: FailureReason;
  readonly forced?: boolean;
  /** What was asked: the beginning of its description. */
  readonly asked?: string;
  readonly error?: TaskError;
  /** What the summary rests on: its newest reads, searches and commands, one line each. */
  readonly evidence?: readonly string[];
  /** Files of the workspace that it wrote. */
  readonly files?: readonly string[];
  /** The task's own final words, cut to fit. */
  readonly summary: string;
  /** True when the task did not come to its own end. */
  readonly partial: boolean;
  /** Why it stopped and what it leaves open, in words. Empty when nothing is open. */
  readonly notDone: string;
  /** Effects whose outcome nobody saw: tool and target, one line each. */
  readonly inDoubt: readonly string[];
  /** Ids of steering notes that never entered the transcript. */
  readonly unseen: readonly string[];
  /** Paths under `artifacts/` that this task wrote. */
  readonly artifacts: readonly string[];
  readonly usage: Usage;
  /** With all tasks below it. Missing when that is not known. */
  readonly spent?: Spent;
  readonly receipts: readonly Receipt[];
  /** Paths that changed after the task had read them. */
  readonly stale: readonly string[];
  /** Why it is not known which those are. */
  readonly staleUnknown?: string;
  /** What it changed, when it worked in a worktree of its own. */
  readonly diff?: DiffSummary;
}

/** The envelope of a task of which nothing is known but how it ended. */
export function toEmptyEnvelope(end: TaskEnd): Envelope {
  return {
    status: end.status,
    ...("reason" in end && { reason: end.reason }),
    ...("forced" in end && end.forced && { forced: true }),
    summary: "",
    partial: end.status !== "completed",
    notDone: "",
    inDoubt: [],
    unseen: [],
    artifacts: [],
    usage: noUsage,
    receipts: [],
    stale: [],
  };
}
