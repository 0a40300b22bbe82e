// An agent at work: what it holds, and what only this run knows.
import { type CancellationScope, uuid4, workflowInfo } from "@temporalio/workflow";
import { type AgentDefinition, modelAliases, type PreparedWorkspace } from "../protocol/agent.ts";
import type { Claim } from "../protocol/claims.ts";
import type { Deadline } from "../protocol/deadline.ts";
import type { FeedEvent, SupervisorStatus } from "../protocol/feed.ts";
import type { TaskFiles } from "../protocol/isolation.ts";
import type { Begin } from "../protocol/messages.ts";
import type { OpenRequest, SettledRequest } from "../protocol/requests.ts";
import { limitDefaults, type Settings } from "../protocol/settings.ts";
import type { Instruction, Receipt, TaskPhase } from "../protocol/task.ts";
import type { Trouble } from "../protocol/trouble.ts";
import {
  noUsage,
  type ToolAnswer,
  type ToolCall,
  type ToolResult,
  type Usage,
} from "../protocol/turn.ts";
import type { Snapshot } from "../protocol/workflows.ts";
import type { EventBox } from "./event-box.ts";
import { type Account, openAccount } from "./leases.ts";
import { addEntry, emptyFeed, type Feed } from "./feed.ts";
import {
  emptyFindings,
  type FindingBoard,
  type Heard,
  nothingHeard,
  nothingPosted,
  type OwnFindings,
} from "./finding-board.ts";
import type { Inbox, InboxItem } from "./inbox.ts";
import { type Board, emptyBoard } from "./task-board.ts";
import { beginGeneration, type Generation } from "./transcript.ts";
import { noTrouble, type TroubleWatch } from "./trouble.ts";
import type { Wait } from "./waits.ts";

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
export interface TaskTrouble extends Trouble {
  /** The model has been told. */
  readonly told: boolean;
}

/** What an agent knows of its spending beside its account. */
export interface Spending {
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
  /** What a task holds about its files: worktree, scope, what came of them. */
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

export interface ChosenModel {
  readonly name: string;
  /** What goes on if this one cannot be called: a model, or empty for the agent's own. Null once it has answered. */
  readonly fallback: string | null;
}

/** A task that this run started, with the scope that cancels it. */
interface TaskRun {
  readonly scope: CancellationScope;
  cancelling: boolean;
}

/** A call under way that only waits. */
export interface Resting {
  readonly waitingOn: "tasks" | "event";
  readonly why: string;
}

export interface Agent {
  readonly role: "supervisor" | "subagent";
  readonly name: string;
  readonly id: string;
  /** The id of the task's first attempt, by which everybody names it. Mostly the same as `id`. */
  readonly taskId: string;
  readonly parentId: string | null;
  readonly rootId: string;
  readonly depth: number;
  readonly settings: Settings;
  readonly parentModel: string;
  readonly state: AgentState;
  /** What only this run knows. Lost at a roll, and not needed after it. */
  readonly run: {
    readonly tasks: Map<string, TaskRun>;
    /** Waits for cancelled tasks to stop. A roll cancels them, the next run begins them anew. */
    readonly graces: Map<string, CancellationScope>;
    /** Ended tasks whose diff is being taken before their end is told. */
    readonly leaving: Set<string>;
    /** What ended tasks have spent, while it is being read. The next run begins them anew. */
    readonly readings: Map<string, CancellationScope>;
    /** The newest news for the parent: the next one follows when it has arrived. */
    lastNews: Promise<void>;
    /** The newest word to the tasks that they pause or go on: the next one follows when it has arrived. */
    lastSwitch: Promise<void>;
    /** New attempts whose workflows are being started. */
    starting: number;
    /** Commands on their way out. A run must not close before they are acknowledged. */
    readonly outgoing: Set<Promise<void>>;
    /** Cancels the model call and the read-only tools in flight. */
    step: CancellationScope | undefined;
    /** Calls under way that only wait, by id. */
    readonly resting: Map<string, Resting>;
    /** It is seen to that the slot is given back while nothing else is under way. */
    givingWay: boolean;
    /** The agent was shown as waiting meanwhile. */
    rested: boolean;
    /** The time of waits in the background is watched. */
    watching: boolean;
    /** A note asked for the step to be broken off. */
    interrupted: boolean;
    /** Counts what should wake an agent that waits for the model. */
    probes: number;
    /** How many of them there were when the newest call began. */
    seen: number;
    /** Calls in a row that failed without the model's fault. */
    misses: number;
    /** Agents told that the model answers again, and when. */
    readonly told: Map<string, number>;
    /** The tasks are being told, a few a second. */
    passing: boolean;
    turns: number;
    /** Findings are being handed to the tasks. */
    handing: boolean;
    /** Nothing of this run is watched any more: the next one begins. */
    rolling: boolean;
    published: { state: string; status: string };
  };
}

type Identity = Omit<Agent, "state" | "run" | "id" | "taskId"> & {
  readonly begun: boolean;
  /** When it is not the workflow's own id. */
  readonly taskId?: string | undefined;
  readonly paused?: boolean | undefined;
};

/** The agent of this run: new, or as the previous run left it. */
export function openAgent(
  { begun, paused, ...given }: Identity,
  snapshot: Snapshot | undefined,
): Agent {
  // An agent begun by an older version knows fewer limits.
  const limits = { ...limitDefaults, ...given.settings.limits };
  const identity = { ...given, settings: { ...given.settings, limits } };
  const fresh = { ...freshState(identity, begun), ...(paused && { pausedAt: now() }) };
  const id = workflowInfo().workflowId;
  return {
    ...identity,
    id,
    taskId: given.taskId ?? id,
    state: snapshot ? fromSnapshot(snapshot, fresh) : fresh,
    run: {
      tasks: new Map(),
      graces: new Map(),
      leaving: new Set(),
      readings: new Map(),
      lastNews: Promise.resolve(),
      lastSwitch: Promise.resolve(),
      starting: 0,
      outgoing: new Set(),
      step: undefined,
      resting: new Map(),
      givingWay: false,
      rested: false,
      watching: false,
      interrupted: false,
      probes: 0,
      seen: 0,
      misses: 0,
      told: new Map(),
      passing: false,
      handing: false,
      turns: 0,
      rolling: false,
      published: { state: "", status: "" },
    },
  };
}

export function freshState(
  { role, settings }: Pick<Identity, "role" | "settings">,
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
function fromSnapshot(snapshot: Snapshot, fresh: AgentState): AgentState {
  const { version }: { readonly version: number } = snapshot;
  if (version === 1) return { ...fresh, pausedAt: null, ...snapshot };
  // Not a failure of the workflow: it waits, whole, until a worker comes that can read it.
  throw new Error(
    `This agent's state has the shape ${version}, and this worker reads shape 1. Start a worker of the version that wrote it.`,
  );
}

export function now(): string {
  return new Date().toISOString();
}

/** A short id for a note or an event of this agent. */
export function shortId(prefix: string): string {
  return `${prefix}${uuid4().slice(0, 6)}`;
}

export function tell(agent: Agent, event: FeedEvent): void {
  agent.state.feed = addEntry(agent.state.feed, now(), agent.state.turn, event);
}

export function arrive(agent: Agent, item: InboxItem): void {
  agent.state.inbox = [...agent.state.inbox, item];
}

const knownKept = 1_000;

/** Takes an id. Returns false when it had been taken before. */
export function takeId(agent: Agent, id: string): boolean {
  if (agent.state.knownIds.includes(id)) return false;
  agent.state.knownIds = [...agent.state.knownIds, id].slice(-knownKept);
  return true;
}

/** Whether it stops at its next step boundary, or has. */
export function isPaused({ state }: Agent): boolean {
  return state.pausedAt !== null;
}

/** Whether a person interrupted the turn that is under way. */
export function isStopping({ state }: Agent): boolean {
  return state.stopping !== null;
}

export function modelOf(agent: Agent): string {
  const { settings } = agent;
  if (agent.state.model) return agent.state.model.name;
  const asked = agent.state.definition?.model ?? "default";
  if (asked === "inherit" && agent.parentModel) return agent.parentModel;
  if (asked === "inherit" || asked === "default") {
    return agent.role === "supervisor" ? settings.supervisorModel : settings.taskModel;
  }
  return modelAliases[asked] ?? asked;
}

/** Keeps a command on its way out in sight until it is acknowledged. A failed one has nobody to tell. */
export function send(agent: Agent, command: Promise<unknown>): Promise<void> {
  const done: Promise<void> = command.then(
    () => undefined,
    () => undefined,
  );
  agent.run.outgoing.add(done);
  return done.finally(() => agent.run.outgoing.delete(done));
}

/** Breaks off the model call and the read-only tools in flight. */
export function interrupt(agent: Agent): void {
  agent.run.interrupted = true;
  agent.run.step?.cancel();
}
