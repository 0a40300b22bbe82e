// An agent at work, with what only this run knows.
import { type CancellationScope, uuid4, workflowInfo } from "@temporalio/workflow";
import { toModelId } from "../../protocol/models.ts";
import type { FeedEvent } from "../../protocol/feed.ts";
import { limitDefaults, type Settings } from "../../protocol/settings.ts";
import type { WaitingReason } from "../../protocol/task.ts";
import { memoKeys, type StateMemo } from "../../protocol/views.ts";
import type { Snapshot } from "../../protocol/workflows.ts";
import { addEntry } from "./feed.ts";
import type { InboxItem } from "./inbox.ts";
import { type AgentState, freshState, fromSnapshot, type Role } from "./agent-state.ts";

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
  readonly role: Role;
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
      published: snapshot ? { state: "", status: "" } : readPublished(),
    },
  };
}

/** What its parent has written of a new task. Older parents did not. */
function readPublished(): Agent["run"]["published"] {
  const state = workflowInfo().memo?.[memoKeys.state] as StateMemo | undefined;
  if (!state) return { state: "", status: "" };
  const { updatedAt: _when, ...shown } = state;
  return { state: JSON.stringify(shown), status: state.phase.status };
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

/** Whether this is what it waits for, among other things. */
export function isWaitingOn({ state: { phase } }: Agent, reason: WaitingReason): boolean {
  return "waitingOn" in phase && phase.waitingOn.includes(reason);
}

/** Whether a person interrupted the turn that is under way. */
export function isStopping({ state }: Agent): boolean {
  return state.stopping !== null;
}

/** Whether the run should hand over to the next one. Asked between two steps only, where nothing is in flight. */
export function mustRoll({ run, settings }: Agent): boolean {
  const { rollAfterTurns } = settings.limits;
  if (workflowInfo().continueAsNewSuggested) return true;
  return rollAfterTurns > 0 && run.turns >= rollAfterTurns;
}

export function modelOf(agent: Agent): string {
  const { settings } = agent;
  if (agent.state.model) return agent.state.model.name;
  const asked = agent.state.definition?.model ?? "default";
  if (asked === "inherit" && agent.parentModel) return agent.parentModel;
  if (asked === "inherit" || asked === "default") {
    return agent.role === "supervisor" ? settings.supervisorModel : settings.taskModel;
  }
  return toModelId(asked);
}

/** The model that its transcript is bound to, or will be once its agent's file is read. */
export function boundModelOf(agent: Agent): string {
  return agent.state.generation.model || modelOf(agent);
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
