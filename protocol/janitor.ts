// What the janitor is given, holds and tells.
import type { Limits } from "./settings.ts";
import type { Grace } from "./task.ts";

export interface JanitorInput {
  readonly installation: string;
  readonly limits: JanitorLimits;
  /** What the previous run held. Only a roll sets it. */
  readonly state?: JanitorState;
}
export type JanitorLimits = Pick<
  Limits,
  "cancelGraceMs" | "orphanGraceMs" | "janitorIntervalMs" | "rollAfterTurns"
>;
export interface JanitorState {
  readonly report: JanitorReport;
  /** Seen without an owner once. The next look decides. */
  readonly suspects: readonly string[];
  /** Orphans that were asked to stop. */
  readonly stopping: Readonly<Record<string, Grace>>;
}

/** What a janitor has done since it was started. Times are ISO 8601. */
export interface JanitorReport {
  readonly since: string;
  /** Orphans that have ended because of it, and those of them that had to be forced. */
  readonly ended: number;
  readonly forced: number;
  /** Orphans that were asked to stop and have not ended yet. */
  readonly stopping: number;
  /** The last look it heard of: quiet ones are told once an hour. */
  readonly lookedAt: string | null;
}

/** Lives as long as the installation. */
export type Janitor = (input: JanitorInput) => Promise<void>;
