// What can be set, with defaults and units.

import type { PriceTable } from "./models.ts";

/** What travels with an agent from its start. */
export interface Settings {
  readonly installation: string;
  /** Who answers the model calls: `scripted`, or the host name of the API. */
  readonly backend: string;
  readonly supervisorModel: string;
  readonly taskModel: string;
  /** Whether the server has AgentName, AgentStatus and AgentDepth. */
  readonly searchAttributes: boolean;
  readonly limits: Limits;
  /** What the models cost when the agent was started. Missing from version 0.1. */
  readonly prices?: PriceTable;
}

/** Every limit with its default. `…Ms` are milliseconds, `…Bytes` bytes. */
export const limitDefaults = {
  /** Tasks of one agent that may run at once. Further ones are queued. */
  maxRunning: 20,
  /** Open tasks of one agent. */
  maxOpen: 200,
  /** How deep tasks may start tasks. A supervisor is at depth 0. */
  maxDepth: 3,
  /** Model calls of a task, and of a supervisor between two messages of the person. */
  maxTurns: 100,
  /** Tokens one answer may have. Doubled up to twice when an answer is cut off. */
  maxTokens: 16_000,
  /** Tokens that a supervisor and all of its tasks may have models write, where nothing else is said. */
  treeTokens: 2_000_000,
  /** Open tasks below a supervisor, on all levels, where nothing else is said. */
  treeTasks: 200,
  /** Tokens that are kept back for a closing call. What has less than twice as many left closes. */
  closingTokens: 1_000,
  /** Turns of a run before it continues as new, or 0 for when the server suggests it. */
  rollAfterTurns: 0,
  /** Longest message of a person or note to a task. */
  maxMessageBytes: 100_000,
  /** What may wait in an inbox before further messages are refused. */
  maxInboxBytes: 150_000,
  /** Transcript size at which a new generation begins. */
  maxTranscriptBytes: 700_000,
  /** Tokens at which a new generation begins, or 0 for 80 % of the model's window. */
  compactTokens: 0,
  /** Attempts at a summary of a full transcript, before a digest takes its place. */
  summaryAttempts: 3,
  modelTimeoutMs: 600_000,
  modelTotalMs: 3_600_000,
  modelHeartbeatMs: 30_000,
  modelRetryMs: 2_000,
  modelRetryMaxMs: 60_000,
  modelAttempts: 8,
  /** First probe of an agent that waits for the model. Doubles up to probeMaxMs, and spreads by half either way. */
  probeMs: 30_000,
  probeMaxMs: 120_000,
  /** How long a probe may wait for one of the few slots before it is left for the next time. */
  probeStartMs: 5_000,
  toolHeartbeatMs: 20_000,
  toolAttempts: 5,
  /** How long a host may take to pick up a tool call before the agent waits for that host. */
  hostStartMs: 60_000,
  /** First wait before a missing host is asked again. Doubled up to 20 times as long. */
  hostRetryMs: 30_000,
  /** How long making or removing a task's worktree may take. */
  worktreeMs: 600_000,
  /** Twice this an ending task waits for its host to say what it changed and read. */
  collectMs: 15_000,
  /** Largest diff of a task that is taken. */
  maxDiffBytes: 20_000_000,
  /** How long a person may take to decide before a request is denied. */
  approvalTimeoutMs: 604_800_000,
  /** A request whose time was up this long ago when it was noticed is prolonged once: nothing ran here. */
  lateMs: 60_000,
  /** What the last answer of a task may take whose deadline is up. */
  lastAnswerMs: 60_000,
  /** How long a read of other tasks may take before the board answers alone. */
  readTasksMs: 2_000,
  /** Findings that one task may post. */
  maxFindings: 50,
  /** How long findings are gathered before they are handed to the other tasks together. */
  findingsDelayMs: 2_000,
  /** Pieces of work that the tasks of one tree may own together. */
  maxClaims: 200,
  /** How long a claim may take before the task is told that nobody answered. */
  claimMs: 10_000,
  /** The same call so often, with nothing new in between, is trouble. Who started the agent is told at twice as many, a person at three times. */
  troubleRepeats: 5,
  /** The same for failed calls in a row. */
  troubleFailures: 5,
  /** The same for turns in a row that call nothing new. */
  troubleIdleTurns: 10,
  /** What a cancelled task may take to stop, for itself and for each level of tasks below it. Then it is stopped by force. */
  cancelGraceMs: 45_000,
  /** How long the agent that started a task has to be gone before the task is stopped. */
  orphanGraceMs: 300_000,
  /** Time between two looks for such tasks. */
  janitorIntervalMs: 60_000,
} as const;

/** What cannot be set higher: beyond, Temporal would refuse what carries it. */
export const limitCeilings: Partial<Record<keyof typeof limitDefaults, number>> = {
  maxMessageBytes: 1_000_000,
  maxClaims: 1_000,
};

export type Limits = { readonly [Name in keyof typeof limitDefaults]: number };
