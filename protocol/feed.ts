// What a screen shows of an agent's life, entry by entry.
import type { OpenRequest, SettledRequest } from "./requests.ts";
import type { Receipt, TaskPhase } from "./task.ts";

export type FeedEvent =
  /** A person's message entered the transcript. */
  | { readonly type: "taken"; readonly messageId: string; readonly text: string }
  /** The supervisor's words, with the messages they answer. */
  | { readonly type: "reply"; readonly text: string; readonly answers: readonly string[] }
  /** Words beside tool calls. */
  | { readonly type: "aside"; readonly text: string }
  | { readonly type: "tool"; readonly label: string; readonly failed: boolean }
  | {
      readonly type: "task";
      readonly taskId: string;
      readonly phase: TaskPhase;
      readonly agent: string;
      readonly text: string;
    }
  | {
      readonly type: "note";
      readonly taskId: string;
      readonly noteId: string;
      readonly text: string;
    }
  | { readonly type: "receipt"; readonly taskId: string; readonly receipt: Receipt }
  /** A tool call waits for a person. */
  | {
      readonly type: "request";
      readonly requestId: string;
      readonly kind: OpenRequest["kind"];
      readonly label: string;
      readonly text: string;
    }
  | { readonly type: "decision"; readonly decision: SettledRequest }
  /** What a task has found. */
  | {
      readonly type: "finding";
      readonly taskId: string;
      readonly agent: string;
      readonly text: string;
    }
  /** A task owns a piece of work from now on, until it ends. Told by the root of its tree. */
  | { readonly type: "claim"; readonly taskId: string; readonly key: string }
  /** The model cannot answer just now. `text` says why and what helps. */
  | { readonly type: "trouble"; readonly text: string }
  /** A person paused, resumed, changed, interrupted this agent, or began a new attempt at one of its tasks. */
  | {
      readonly type: "control";
      readonly what: "paused" | "resumed" | "set" | "interrupted" | "retried";
      readonly text: string;
    }
  /** What may be spent has changed, or is used up. */
  | { readonly type: "budget"; readonly text: string }
  | { readonly type: "generation"; readonly generation: number; readonly text: string }
  | { readonly type: "ended" };

export interface FeedEntry {
  /** Counts from 1 over the whole life of the agent. */
  readonly n: number;
  /** ISO 8601. */
  readonly at: string;
  readonly turn: number;
  readonly event: FeedEvent;
}

export interface FeedPage {
  readonly entries: readonly FeedEntry[];
  /** Pass it as `after` next time. */
  readonly last: number;
  /** Entries that were asked for and are no longer kept. */
  readonly dropped: number;
  readonly status: SupervisorStatus;
}

export type SupervisorStatus = "idle" | "thinking" | "waiting" | "ending";
