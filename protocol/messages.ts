// Every signal, query and update a workflow answers.
import { defineQuery, defineSignal, defineUpdate } from "@temporalio/workflow";
import type { BudgetEvent, BudgetReport, Grant } from "./budget.ts";
import type { ClaimAnswer, ClaimInput } from "./claims.ts";
import type { Handover, Resume, Retried, RetryInput, Setting } from "./control.ts";
import type { AgentEvent } from "./events.ts";
import type { FeedPage } from "./feed.ts";
import type { FindingsNews } from "./findings.ts";
import type { DecideInput, Decided } from "./requests.ts";
import type { JanitorLimits, JanitorReport } from "./janitor.ts";
import type { TaskRecords } from "./records.ts";
import type { Receipt, WaitingReason } from "./task.ts";
import type { Trouble } from "./trouble.ts";
import type { TranscriptPage } from "./turn.ts";
import type { CheckDetail, TaskReport } from "./views.ts";

/** A message to a supervisor. The id makes it count once, however often it is sent. */
export interface PersonMessage {
  readonly id: string;
  readonly text: string;
  /** Who sends it, for the record. */
  readonly from: string;
}
/** `known` when the id had been accepted before. */
export interface Accepted {
  readonly id: string;
  readonly known: boolean;
  /** The supervisor is paused, and reads the message when it goes on. */
  readonly paused?: true;
}
export const sendMessageUpdate = defineUpdate<Accepted, [PersonMessage]>("send_message");
/** The same message when no worker is there to accept the update. */
export const sendMessageSignal = defineSignal<[PersonMessage]>("send_message");

/** Breaks off the turn that a supervisor is in. Without one it does nothing. */
export const interruptSignal = defineSignal("interrupt");
/** Ends a supervisor: its open tasks are cancelled and waited for. */
export const endSignal = defineSignal("end");
/** Parks an agent at its next step boundary, and every task below it. */
export const pauseSignal = defineSignal("pause");
/** Goes on, with every task below it: what is paused, and at once what waits for the model or for quota. */
export const resumeSignal = defineSignal<[Resume?]>("resume");
/** Another model, another budget. */
export const setSignal = defineSignal<[Setting]>("set");
/** Refused as `RetryRefused`: an open task, an unknown one, no room for one more. */
export const retryUpdate = defineUpdate<Retried, [RetryInput]>("retry");
/** The same when no worker is there to accept the update. */
export const retrySignal = defineSignal<[RetryInput]>("retry");

/** What a task may spend from here on, in answer to its ask or not. */
export const grantSignal = defineSignal<[Grant]>("grant");

/** A steering note to a task. */
export interface SteeringNote {
  readonly noteId: string;
  readonly message: string;
  readonly when: "next_step" | "now";
  readonly from: "supervisor" | "person";
}
export const updateTaskSignal = defineSignal<[SteeringNote]>("update_async_task");
/**
 * A person's decision on a request. Refused as `DecisionRefused` when the request is not open, unless
 * it was decided the same way.
 */
export const decideUpdate = defineUpdate<Decided, [DecideInput]>("decide");
/** The same decision when no worker is there to accept the update. */
export const decideSignal = defineSignal<[DecideInput]>("decide");
/** What a task is told that waited for others before it began. */
export type Begin =
  /** What the others left, in their order. */
  | { readonly type: "results"; readonly results: readonly object[] }
  /** It cannot begin: one of the others has not completed. */
  | { readonly type: "failed"; readonly why: string };
/** A queued task may begin. One that depends on others is told how they ended. */
export const beginSignal = defineSignal<[Begin?]>("begin");
/** Word from outside, for whoever waits for it. */
export const eventSignal = defineSignal<[AgentEvent]>("event");
/** Goes ahead of a cancellation, which carries no reason. */
export const cancelReasonSignal = defineSignal<[string]>("cancel_reason");

/** What a child tells its parent. `seq` counts per task, so that a repeat has no effect. */
export interface TaskEvent {
  readonly taskId: string;
  readonly seq: number;
  readonly event:
    | {
        readonly type: "waiting";
        readonly waitingOn: readonly WaitingReason[];
        readonly why: string;
      }
    | { readonly type: "resumed" }
    /** A task below it has seen that the model answers again. */
    | { readonly type: "recovered" }
    /** It was asked to stop, by whomever, and its worker has taken that. */
    | { readonly type: "cancelling" }
    /** What it holds of its budget, and what it lacks. */
    | BudgetEvent
    | { readonly type: "receipts"; readonly receipts: readonly Receipt[] }
    /** Something that the tasks beside it should know. */
    | { readonly type: "finding"; readonly text: string }
    /** It does not get on. Null: it does again. */
    | { readonly type: "trouble"; readonly trouble: Trouble | null };
}
export const taskEventSignal = defineSignal<[TaskEvent]>("task_event");
/** What the tasks beside a task have found, from the agent that started them. */
export const findingsSignal = defineSignal<[FindingsNews]>("findings");
/** Claims a piece of work. Answered by the root of a tree. */
export const claimUpdate = defineUpdate<ClaimAnswer, [ClaimInput]>("claim");

/** Messages `[from, to)` of a generation. */
interface TranscriptQueryInput {
  readonly generation: number;
  readonly from: number;
  readonly to: number;
}
/** A page of a generation, below 1 MB. For a generation that is gone the page is empty and names the present one. */
export const transcriptQuery = defineQuery<TranscriptPage, [TranscriptQueryInput]>("transcript");
/** Where the transcript stands: what to ask `transcript` for. */
export const transcriptEndQuery = defineQuery<{ generation: number; total: number }>(
  "transcript_end",
);
/** An agent's own account of itself, at a level of detail. */
export const checkTaskQuery = defineQuery<TaskReport, [CheckDetail]>("check_async_task");
/** What an agent may spend and has spent, its tasks included. */
export const budgetQuery = defineQuery<BudgetReport>("budget");
/** What happened after an entry's number, for a screen. */
export const feedQuery = defineQuery<FeedPage, [number]>("feed");
/** What a page of an agent's task records says. Also answered by one that has ended, as long as the server keeps it. */
export const taskRecordsQuery = defineQuery<TaskRecords, [{ readonly from: number }]>(
  "task_records",
);
/** What an ended task hands over to its next attempt. */
export const handoverQuery = defineQuery<Handover>("handover");
/** Which of these tasks an agent knows as its own. */
export const knowsQuery = defineQuery<readonly string[], [{ readonly ids: readonly string[] }]>(
  "knows",
);

/** The limits of a worker that has just started. */
export const janitorLimitsSignal = defineSignal<[JanitorLimits]>("limits");
export const janitorQuery = defineQuery<JanitorReport>("janitor");
