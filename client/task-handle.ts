// A task, as typed calls.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client, WorkflowHandle } from "@temporalio/client";
import { WorkflowFailedError } from "@temporalio/client";
import {
  cancelReasonSignal,
  checkTaskQuery,
  resumeSignal,
  type SteeringNote,
  updateTaskSignal,
} from "../protocol/messages.ts";
import type { BudgetChange, BudgetReport } from "../protocol/budget.ts";
import type { Decision, OpenRequest } from "../protocol/requests.ts";
import type { Receipt, TaskStatus } from "../protocol/task.ts";
import type { TranscriptPage } from "../protocol/turn.ts";
import type { CheckDetail, TaskReport, TaskView } from "../protocol/views.ts";
import { workflowTypes } from "../protocol/workflows.ts";
import { tellForced } from "./tell-forced.ts";
import { readBudget, setBudget } from "./budgets.ts";
import { callServer, callWorker } from "./call.ts";
import { decide, type DecisionTaken } from "./decide.ts";
import { checkText } from "./check-text.ts";
import { type LiveCall, readLiveCall } from "./live-call.ts";
import { readTranscript } from "./read-transcript.ts";
import { isRequestError, RequestError } from "./request-error.ts";
import { readMemos, toTaskView } from "../protocol/task-view.ts";

export interface TaskCheck {
  readonly view: TaskView;
  /** What the task says of itself. Missing with `status`, and when no worker answered. */
  readonly report?: TaskReport;
  /** Why the report is missing, in words. */
  readonly missing?: string;
}

export interface SentNote {
  readonly noteId: string;
  /** What the task asked when the note was sent: it reads the note once that is decided, or withdraws it for `now`. */
  readonly asked: readonly OpenRequest[];
  /**
   * Resolves once the note is in the task's transcript. Throws `RequestError`, code `ended`, when
   * the task ended before it saw the note.
   */
  receipt(signal?: AbortSignal): Promise<Receipt>;
}

export interface CancelAnswer {
  /** False when the task had ended before. */
  readonly requested: boolean;
  /** As it was when the cancellation was asked for. */
  readonly status: TaskStatus;
}

const pollMs = 250;

export class TaskHandle {
  readonly id: string;
  readonly #client: Client;
  readonly #maxMessageBytes: number;

  constructor(client: Client, id: string, maxMessageBytes: number) {
    this.#client = client;
    this.id = id;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** The task as it is now. Needs no worker. */
  async view(): Promise<TaskView> {
    return (await this.look()).view;
  }

  /** The task as it is now, with the model call it is in. Needs no worker. */
  async look(): Promise<{ readonly view: TaskView; readonly live?: LiveCall }> {
    const description = await callServer(this.#client, this.id, () => this.#handle().describe());
    if (description.type !== workflowTypes.subagent) {
      throw new RequestError("wrongKind", `${this.id} is a supervisor, not a task.`);
    }
    const live = readLiveCall(description);
    const [view] = await tellForced(this.#client, [toTaskView(description, new Date())]);
    return { view: view!, ...(live && { live }) };
  }

  /** The task and its own account of itself. Without a worker the account is missing, never late. */
  async check(detail: CheckDetail = "digest"): Promise<TaskCheck> {
    const view = await this.view();
    if (detail === "status") return { view };
    try {
      const ask = () => this.#handle().query(checkTaskQuery, detail);
      return { view, report: await callWorker(this.#client, this.id, ask) };
    } catch (error) {
      if (!isRequestError(error, "noWorker")) throw error;
      return { view, missing: "no worker answered within 2 s, so only the status is known" };
    }
  }

  /** Sends a steering note. Throws `RequestError`, code `ended`, when the task has ended. */
  async steer(message: string, when: SteeringNote["when"] = "next_step"): Promise<SentNote> {
    checkText(message, "note", this.#maxMessageBytes);
    const view = await this.view();
    if (view.endedAt !== null) throw this.#ended(view, "a note would reach nobody");
    const note: SteeringNote = {
      noteId: `n-${randomUUID().slice(0, 8)}`,
      message,
      when,
      from: "person",
    };
    await callServer(this.#client, this.id, () => this.#handle().signal(updateTaskSignal, note));
    return {
      noteId: note.noteId,
      asked: view.requests ?? [],
      receipt: (signal) => this.#receipt(note.noteId, signal),
    };
  }

  /** Asks the task to stop. It counts as cancelled once it has: see `ended`. */
  async cancel(reason: string): Promise<CancelAnswer> {
    const { endedAt, status } = await this.view();
    if (endedAt !== null) return { requested: false, status };
    await callServer(this.#client, this.id, () =>
      this.#handle().signal(cancelReasonSignal, reason),
    );
    await callServer(this.#client, this.id, () => this.#handle().cancel());
    return { requested: true, status };
  }

  /** Resolves when the task has ended, however it did. */
  async ended(): Promise<TaskView> {
    try {
      await this.#handle().result();
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
    }
    return this.view();
  }

  /** Tries again at once what waits for the model or for quota. */
  async resume(): Promise<void> {
    await callServer(this.#client, this.id, () => this.#handle().signal(resumeSignal));
  }

  /** The supervisor at the top of its tree. Needs no worker. */
  async rootId(): Promise<string> {
    const description = await callServer(this.#client, this.id, () => this.#handle().describe());
    return readMemos(description).agent?.rootId ?? this.id;
  }

  /** What it may spend and has spent, its own tasks included. Needs a worker. */
  budget(): Promise<BudgetReport> {
    return readBudget(this.#client, this.id);
  }

  /** Sets limits on what it may spend. One that is used up goes on when it is raised. */
  async setBudget(change: BudgetChange): Promise<void> {
    const view = await this.view();
    if (view.endedAt !== null) throw this.#ended(view, "it spends nothing any more");
    await setBudget(this.#client, this.id, change);
  }

  /** Decides what this agent asks. Throws `RequestError`, code `refused`, when nothing waits for it. */
  async decide(requestId: string, decision: Decision, by = "person"): Promise<DecisionTaken> {
    const view = await this.view();
    if (view.endedAt !== null) throw this.#ended(view, "it asks nothing any more");
    return await decide(this.#client, this.id, requestId, decision, by);
  }

  /** The conversation, newest generation. Needs a worker. */
  transcript(): Promise<TranscriptPage> {
    return readTranscript(this.#client, this.id);
  }

  async #receipt(noteId: string, signal?: AbortSignal): Promise<Receipt> {
    for (;;) {
      const view = await this.view();
      const receipt = view.receipts.find((one) => one.noteId === noteId);
      if (receipt) return receipt;
      if (view.endedAt !== null) throw this.#ended(view, "it never saw the note");
      await sleep(pollMs, undefined, { ...(signal && { signal }) });
    }
  }

  #ended(view: TaskView, consequence: string): RequestError {
    return new RequestError(
      "ended",
      `${this.id} is already ${view.status}: ${consequence}. Ask its supervisor for a new task.`,
    );
  }

  #handle(): WorkflowHandle {
    return this.#client.workflow.getHandle(this.id);
  }
}
