// All that an agent holds, as JSON that a roll carries.
import type { AgentDefinition, PreparedWorkspace } from "../../protocol/agent.ts";
import type { Claim } from "../../protocol/claims.ts";
import type { Deadline } from "../../protocol/deadline.ts";
import type { SupervisorStatus } from "../../protocol/feed.ts";
import type { Collected, Scope, Worktree } from "../../protocol/isolation.ts";
import type { Begin } from "../../protocol/messages.ts";
import type { OpenRequest, SettledRequest } from "../../protocol/requests.ts";
import type { Settings } from "../../protocol/settings.ts";
import type { Instruction, Receipt, TaskPhase } from "../../protocol/task.ts";
import type { Trouble } from "../../protocol/trouble.ts";
import {
  noUsage,
  type ToolAnswer,
  type ToolCall,
  type ToolResult,
  type Usage,
} from "../../protocol/turn.ts";
import type { Snapshot } from "../../protocol/workflows.ts";
import type { EventBox } from "../waits/event-box.ts";
import { emptyFeed, type Feed } from "./feed.ts";
import {
  emptyFindings,
  type FindingBoard,
  type Heard,
  nothingHeard,
  nothingPosted,
  type OwnFindings,
} from "../sharing/finding-board.ts";
import type { Inbox } from "./inbox.ts";
import { type Account, openAccount } from "../budget/account.ts";
import { type Board, emptyBoard } from "../tasks/board.ts";
import { beginGeneration, type Generation } from "../transcript/transcript.ts";
import { noTrouble, type TroubleWatch } from "../turn/trouble.ts";
import type { Wait } from "../waits/waits.ts";

export type Role = "supervisor" | "subagent";

export type AgentPhase = TaskPhase | { readonly status: SupervisorStatus };

/** The answer to a call, with what a list shows for the call. */
export interface CallAnswer extends ToolAnswer {
  readonly label: string;
}

/** A decision that the call it is for has not yet heeded. */
export type Verdict =
  | { readonly type: "run"; readonly input?: unknown; readonly by?: string }
  | { readonly type: "say"; readonly answer: ToolAnswer };

/** A task's trouble, as the agent that started it knows it. */
interface TaskTrouble extends Trouble {
  /** The model has been told. */
  readonly told: boolean;
}

/** What an agent knows of its spending beside its account. */
interface Spending {
  /** False for an agent that was begun before there were budgets: it has no limit. */
  readonly kept: boolean;
  /** Calls that were broken off, so that nobody knows what they cost. */
  readonly unseen: number;
  /** The tokens that the newest call might write. */
  readonly allowed: number;
  /** It closes because nothing is left, not for its turns. */
  readonly closing: boolean;
  /** Nothing was left even for closing words. */
  readonly stopped: boolean;
  /** The model of which was said that it has no price. */
  readonly unpriced: string;
}

/** What a task holds about its files. */
interface TaskFiles {
  /** Set once a worktree was asked for, made or not. */
  readonly asked?: true;
  readonly worktree?: Worktree;
  readonly scopes?: readonly Scope[];
  /** It has read files, so they may be stale at its end. */
  readonly hasRead?: true;
  readonly collected?: Collected;
}

/** Everything an agent holds, as JSON: a roll hands it to the next run. */
export interface AgentState {
  readonly version: 1;
  definition: AgentDefinition | null;
  workspace: PreparedWorkspace | null;
  generation: Generation;
  phase: AgentPhase;
  /** Why the agent waits or failed to answer, in words. Empty while all is well. */
  why: string;
  /** Model calls answered in the agent's life. */
  turn: number;
  /** Turns since the count was last set back: by the task's start, or by a person's message. */
  turnsSpent: number;
  /** Tool calls of the newest answer that have no result in the transcript yet. */
  openCalls: readonly ToolCall[];
  /** Answers of open calls so far, by call id. The turn may outlive the run while a person is asked. */
  answers: Readonly<Record<string, CallAnswer>>;
  /** Open calls that wait for a person. */
  requests: readonly OpenRequest[];
  /** What was decided on open calls and is not yet carried out, by call id. */
  verdicts: Readonly<Record<string, Verdict>>;
  /** Requests that are over, the newest 50, so that a late decision hears what became of them. */
  settled: readonly SettledRequest[];
  /** Results that enter the transcript at the next step boundary. */
  owed: readonly ToolResult[];
  /** Whether the model owes an answer to what the transcript ends with. */
  due: boolean;
  inbox: Inbox;
  board: Board;
  feed: Feed;
  usage: Usage;
  account: Account;
  spending: Spending;
  /** Ids of messages and notes taken, the newest 1,000. */
  knownIds: readonly string[];
  /** Messages and notes for which there was no room at all, until the next step boundary tells. */
  leftOut: { readonly count: number; readonly ids: readonly string[] };
  /** Messages of a person taken since the last reply. */
  answering: readonly string[];
  receipts: readonly Receipt[];
  artifacts: readonly string[];
  /** Files of the workspace that it wrote, the newest 50. */
  written: readonly string[];
  /** Its newest 20 reads, searches and commands that came off, one line each. */
  evidence: readonly string[];
  /** The beginning of what it was started for. */
  asked: string;
  /** The newest note that it has seen. */
  instruction: Instruction | null;
  inDoubt: readonly string[];
  lastText: string;
  /** Answers in a row that were cut off for length. */
  cutOff: number;
  /** The newest answer that counts was cut off for length, by the model's limit or by the budget. */
  cutShort: boolean;
  /** A second empty answer in a row ends the turn. */
  reprompted: boolean;
  /** Probes since the model last answered. More than none while the agent waits for it. */
  parked: number;
  /** A second rebuild without an answer between gives up. */
  rebuilt: boolean;
  /** The answer under way is the last one: no tools. */
  closing: boolean;
  /** Counts this agent's events for its parent. */
  eventSeq: number;
  begun: boolean;
  ending: boolean;
  cancelReason: string;
  startedAt: string;
  /** What its tasks have found. */
  findings: FindingBoard;
  /** What the tasks beside it have found, as far as it was told. */
  heard: Heard;
  /** What it has told them. */
  posted: OwnFindings;
  /** Who owns what in the tree. Only a root keeps any. */
  claims: readonly Claim[];
  /** Pieces of work that this agent owns, the newest 50. */
  claimed: readonly string[];
  /** What it has called lately, and whether it gets on. */
  watch: TroubleWatch;
  /** Its open tasks that do not. */
  troubled: Readonly<Record<string, TaskTrouble>>;
  files: TaskFiles;
  /** When the task has to be done, or null. */
  deadline: Deadline | null;
  /** Since when it is paused, or null. It parks at its next step boundary. */
  pausedAt: string | null;
  /** How long it has been paused before, in milliseconds: time that no deadline counts. */
  pausedMs: number;
  /** How the tasks ended that this one waited for before it began. */
  dependencies: Begin | null;
  /** Events from outside that nobody has waited for yet. */
  events: EventBox;
  /** Waits that somebody's words, or a roll, moved to the background. */
  waits: readonly Wait[];
  /** A person interrupted the turn, when so many items were in the inbox. The turn ends at once. */
  stopping: number | null;
  /** The model a person chose, over what the agent's file says. */
  model: ChosenModel | null;
  /** A task's first words are in its inbox, or beyond. */
  opened: boolean;
}

interface ChosenModel {
  readonly name: string;
  /** What goes on if this one cannot be called: a model, or empty for the agent's own. Null once it has answered. */
  readonly fallback: string | null;
}

export function freshState(
  { role, settings }: { readonly role: Role; readonly settings: Settings },
  begun: boolean,
): AgentState {
  return {
    version: 1,
    definition: null,
    workspace: null,
    generation: beginGeneration(1, settings.backend, ""),
    phase: { status: role === "supervisor" ? "idle" : begun ? "running" : "queued" },
    why: "",
    turn: 0,
    turnsSpent: 0,
    openCalls: [],
    answers: {},
    requests: [],
    verdicts: {},
    settled: [],
    owed: [],
    due: false,
    inbox: [],
    board: emptyBoard,
    feed: emptyFeed,
    usage: noUsage,
    account: openAccount({}),
    spending: {
      kept: false,
      unseen: 0,
      allowed: 0,
      closing: false,
      stopped: false,
      unpriced: "",
    },
    knownIds: [],
    leftOut: { count: 0, ids: [] },
    answering: [],
    receipts: [],
    artifacts: [],
    written: [],
    evidence: [],
    asked: "",
    instruction: null,
    inDoubt: [],
    lastText: "",
    cutOff: 0,
    cutShort: false,
    reprompted: false,
    parked: 0,
    rebuilt: false,
    closing: false,
    eventSeq: 0,
    begun,
    ending: false,
    cancelReason: "",
    startedAt: new Date().toISOString(),
    findings: emptyFindings,
    heard: nothingHeard,
    posted: nothingPosted,
    claims: [],
    claimed: [],
    watch: noTrouble,
    troubled: {},
    files: {},
    deadline: null,
    pausedAt: null,
    pausedMs: 0,
    dependencies: null,
    events: [],
    waits: [],
    stopping: null,
    model: null,
    opened: false,
  };
}

/** A snapshot is the state itself, as `toSnapshot` wrote it. What an older version did not write is as in a new agent. */
export function fromSnapshot(snapshot: Snapshot, fresh: AgentState): AgentState {
  const { version }: { readonly version: number } = snapshot;
  if (version === 1) return { ...fresh, pausedAt: null, ...snapshot };
  // Not a failure of the workflow: it waits, whole, until a worker comes that can read it.
  throw new Error(
    `This agent's state has the shape ${version}, and this worker reads shape 1. Start a worker of the version that wrote it.`,
  );
}
