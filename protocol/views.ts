// A task as people, programs and models see it.
import type {
  Envelope,
  FailureReason,
  Instruction,
  Receipt,
  TaskPhase,
  TaskStatus,
  WaitingReason,
} from "./task.ts";
import type { SupervisorStatus } from "./feed.ts";
import type { Owned } from "./claims.ts";
import type { Posted } from "./findings.ts";
import type { TaskOptions } from "./tools/start-options.ts";
import type { OpenRequest } from "./requests.ts";
import type { Trouble } from "./trouble.ts";
import type { Usage } from "./turn.ts";

/** What a view and a memo both say, where there is anything to say. */
interface Shown {
  /** Since when it is paused. While it still runs, it stops at its next step boundary. */
  readonly pausedAt?: string;
  /** Why it waits, in words. */
  readonly why?: string;
  /** What it asks of a person: the oldest 10, each text cut to 500 bytes. */
  readonly requests?: readonly OpenRequest[];
  /** The newest note it has seen. */
  readonly instruction?: Instruction;
  /** What it has told the tasks beside it. */
  readonly findings?: Posted;
  /** What it owns until it ends. */
  readonly claims?: Owned;
  /** It does not get on, and more than itself have been told. */
  readonly trouble?: Trouble;
}

/** A task in JSON. `status` is as it was at `asOf`. Times are ISO 8601. */
export interface TaskView extends TaskOptions, Shown {
  readonly taskId: string;
  readonly agent: string;
  readonly description: string;
  readonly status: TaskStatus;
  readonly waitingOn: readonly WaitingReason[];
  readonly parentId: string | null;
  readonly depth: number;
  readonly turn: number;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly usage: Usage;
  readonly receipts: readonly Receipt[];
  readonly asOf: string;
  /** Which attempt this is. The first one is not numbered. */
  readonly attempt?: number;
  /** What the attempts before it have used. Only lists of a whole tree know it. */
  readonly usageBefore?: Usage;
  /** Why it failed. */
  readonly reason?: FailureReason;
  /** Set when it was stopped by force. */
  readonly forced?: boolean;
  readonly result?: Envelope;
}

/** What a workflow's memo says from its start on. */
export interface AgentMemo extends TaskOptions {
  readonly agent: string;
  readonly description: string;
  readonly parentId: string | null;
  readonly rootId: string;
  readonly depth: number;
  readonly startedAt: string;
  readonly backend: string;
  /** The host of a task's files. */
  readonly host?: string;
  /** The id of the task, where it is not the workflow's own: from the second attempt on. */
  readonly taskId?: string;
  /** Counts from 1, which is left out. */
  readonly attempt?: number;
}

/** What a workflow's memo says of its state, written once a turn. */
export interface StateMemo extends Shown {
  readonly phase: TaskPhase | { readonly status: SupervisorStatus };
  readonly turn: number;
  readonly usage: Usage;
  readonly receipts: readonly Receipt[];
  readonly updatedAt: string;
  /** As it stands: later than it was set, when time was added. ISO 8601. */
  readonly deadlineAt?: string;
}

/** Keys of the memo. */
export const memoKeys = {
  agent: "agent",
  state: "state",
  envelope: "envelope",
  janitor: "janitor",
} as const;

export const checkDetails = ["status", "digest", "turns", "full"] as const;
export type CheckDetail = (typeof checkDetails)[number];

/** The most an agent's account of itself, and the answer to a check, may have as JSON. */
export const checkBytes: Readonly<Record<CheckDetail, number>> = {
  status: 8_000,
  digest: 12_000,
  turns: 22_000,
  full: 36_000,
};

/** The newest tool call that has ended. */
export interface LastTool {
  readonly label: string;
  readonly failed: boolean;
  readonly turn: number;
  readonly at: string;
}

/** An agent's own account of itself, bounded at every level of detail by `checkBytes`. */
export interface TaskReport {
  readonly phase: TaskPhase;
  readonly turn: number;
  readonly usage: Usage;
  /** The newest 10. */
  readonly receipts: readonly Receipt[];
  /** Ids of notes that wait, the oldest 20. */
  readonly unseenNotes: readonly string[];
  readonly asOf: string;
  readonly lastTool?: LastTool;
  /** Tool calls under way, at most 5 labels. */
  readonly openTools?: readonly string[];
  /** From `digest` on: the last words, at most 1 KB. */
  readonly lastText?: string;
  /** From `digest` on: what it told the tasks beside it, the newest 10. */
  readonly findings?: readonly string[];
  /** From `digest` on: the pieces of work it owns, the newest 50. */
  readonly claims?: readonly string[];
  /** From `digest` on: what the envelope would say if it ended now, at most 600 bytes each. */
  readonly inDoubt?: readonly string[];
  readonly artifacts?: readonly string[];
  readonly evidence?: readonly string[];
  readonly files?: readonly string[];
  /** From `turns` on: one line a turn, the newest 40, at most 200 bytes each. */
  readonly turns?: readonly string[];
  /** With `full`: the newest messages as text, at most 12 KB. */
  readonly transcript?: string;
}
