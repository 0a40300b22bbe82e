// A task, as typed calls.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Client,
  type WorkflowExecutionDescription,
  WorkflowFailedError,
  type WorkflowHandle,
} from "@temporalio/client";
import {
  cancelReasonSignal,
  checkTaskQuery,
  type SteeringNote,
  updateTaskSignal,
} from "../protocol/messages.ts";
import type { BudgetChange, BudgetReport } from "../protocol/budget.ts";
import { toAttemptId } from "../protocol/ids.ts";
import type { Decision } from "../protocol/requests.ts";
import type { Receipt } from "../protocol/task.ts";
import type { TranscriptPage } from "../protocol/turn.ts";
import type { CheckDetail, TaskView } from "../protocol/views.ts";
import { workflowTypes } from "../protocol/workflows.ts";
import { tellForced } from "./tell-forced.ts";
import { readBudget, setBudget } from "./budgets.ts";
import { callServer, callWorker } from "./call.ts";
import { pause, resume, set, type SetOptions, type SettingSent, type Switched } from "./control.ts";
import { decide, type DecisionTaken } from "./decide.ts";
import { checkText } from "./check-text.ts";
import { readLiveCall } from "../protocol/live-call.ts";
import { describe, describeNewest } from "./newest-attempt.ts";
import { readTranscript } from "./read-transcript.ts";
import { retry, type RetryAnswer } from "./retry.ts";
import { sendEvent, type SentEvent, toEvent } from "./send-event.ts";
import { isRequestError, RequestError } from "./request-error.ts";
import { readMemos, toTaskView } from "../protocol/task-view.ts";
import type { CancelAnswer, Looked, SentNote, TaskCheck } from "./task-answers.ts";

const pollMs = 250;

export class TaskHandle {
  readonly id: string;
  readonly #client: Client;
  readonly #maxMessageBytes: number;
  /** This attempt is meant, not the newest. */
  readonly #isOne: boolean;
  #workflowId: string;

  constructor(client: Client, id: string, maxMessageBytes: number, isOne = false) {
    this.#client = client;
    this.id = id;
    this.#workflowId = id;
    this.#maxMessageBytes = maxMessageBytes;
    this.#isOne = isOne;
  }

  /** The task as it is now. Needs no worker. */
  async view(): Promise<TaskView> {
    return (await this.look()).view;
  }

  /** The task as it is now, with the model call it is in. Needs no worker. */
  async look(): Promise<Looked> {
    const description = await this.#find();
    requireTask(description, this.id);
    const live = readLiveCall(description);
    const [view] = await tellForced(this.#client, [toTaskView(description, new Date())]);
    const stopping = description.raw.workflowExtendedInfo?.cancelRequested === true;
    return { view: view!, stopping, ...(live && { live }) };
  }

  /** The task and its own account of itself. Without a worker the account is missing, never late. */
  async check(detail: CheckDetail = "digest"): Promise<TaskCheck> {
    const { view, live } = await this.look();
    if (detail === "status") return { view };
    const looked = { view, ...(live && { live }) };
    try {
      const ask = () => this.#handle().query(checkTaskQuery, detail);
      return { ...looked, report: await callWorker(this.#client, this.id, ask) };
    } catch (error) {
      if (!isRequestError(error, "noWorker")) throw error;
      return { ...looked, missing: "no worker answered within 2 s, so only the status is known" };
    }
  }

  /** Sends a steering note. Throws `RequestError`, code `ended`, when the task has ended. */
  async steer(message: string, when: SteeringNote["when"] = "next_step"): Promise<SentNote> {
    checkText(message, "note", this.#maxMessageBytes);
    const view = await this.#listening("a note would reach nobody");
    const note: SteeringNote = {
      noteId: `n-${randomUUID().slice(0, 8)}`,
      message,
      when,
      from: "person",
    };
    await this.#unlessEnded("a note would reach nobody", () =>
      callServer(this.#client, this.id, () => this.#handle().signal(updateTaskSignal, note)),
    );
    return {
      noteId: note.noteId,
      asked: view.requests ?? [],
      isPaused: view.pausedAt !== undefined,
      receipt: (signal) => this.#receipt(note.noteId, signal),
    };
  }

  /** Asks the task to stop. It counts as cancelled once it has: see `ended`. */
  async cancel(reason: string): Promise<CancelAnswer> {
    const { endedAt, status } = await this.view();
    if (endedAt !== null) return { requested: false, status };
    try {
      await callServer(this.#client, this.id, () =>
        this.#handle().signal(cancelReasonSignal, reason),
      );
      await callServer(this.#client, this.id, () => this.#handle().cancel());
      return { requested: true, status };
    } catch (error) {
      const view = await this.#ifEnded(error);
      return { requested: false, status: view.status };
    }
  }

  /** Resolves when the task has ended, however it did, and is not tried again. */
  async ended(): Promise<TaskView> {
    for (;;) {
      const view = await this.view();
      if (view.endedAt !== null && (await this.#find()).closeTime) return view;
      await this.#closed();
    }
  }

  async #closed(): Promise<void> {
    try {
      await this.#handle().result();
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
    }
  }

  /**
   * Sends an event, once for each `eventId`. It is kept until the task waits for it. Throws
   * `RequestError`, code `ended`, when the task has ended, `refused` when it cannot be sent.
   */
  async event(name: string, data: unknown = null, eventId?: string): Promise<SentEvent> {
    const event = toEvent(name, data, eventId);
    const view = await this.view();
    if (view.endedAt !== null) throw this.#ended(view, "an event would reach nobody");
    return await sendEvent(this.#client, this.#workflowId, event);
  }

  /** Parks it at its next step boundary, with all that it started. Throws `RequestError`, code `ended`. */
  async pause(): Promise<Switched> {
    return await pause(this.#client, await this.#find());
  }

  /** Goes on with what is paused, and at once with what waits for the model or for quota. Reaches all below it. */
  async resume(): Promise<Switched> {
    return await resume(this.#client, await this.#find());
  }

  /** Changes what it goes on with, from its next model call on. */
  async set(options: SetOptions): Promise<SettingSent> {
    return await set(this.#client, await this.#find(), options);
  }

  /**
   * Begins a new attempt at a task that has ended, from what was done before. The id stays: every call
   * of this handle then means the new attempt. With an `id` it counts once, however often it is asked.
   */
  async retry(message = "", options: { readonly id?: string } = {}): Promise<RetryAnswer> {
    const description = await this.#find();
    requireTask(description, this.id);
    return await retry(this.#client, description, message, options.id);
  }

  /** One attempt, whatever came after it. For reading. */
  async attempt(number: number): Promise<TaskHandle> {
    const { agent } = readMemos(await this.#find());
    const newest = agent?.attempt ?? 1;
    const taskId = agent?.taskId ?? this.id;
    if (number > newest) {
      throw new RequestError(
        "unknown",
        `${taskId} has no attempt ${number}, the newest is ${newest}.`,
      );
    }
    const id = toAttemptId(taskId, number);
    return new TaskHandle(this.#client, id, this.#maxMessageBytes, true);
  }

  /** The id of the workflow that works on it now, or did last. */
  async workflowId(): Promise<string> {
    return (await this.#find()).workflowId;
  }

  /** The supervisor at the top of its tree. Needs no worker. */
  async rootId(): Promise<string> {
    const description = await describe(this.#client, this.#workflowId);
    return readMemos(description).agent?.rootId ?? this.id;
  }

  /** What it may spend and has spent, its own tasks included. Needs a worker. */
  async budget(): Promise<BudgetReport> {
    return await readBudget(this.#client, (await this.#find()).workflowId);
  }

  /** Sets limits on what it may spend. One that is used up goes on when it is raised. */
  async setBudget(change: BudgetChange): Promise<void> {
    const view = await this.view();
    if (view.endedAt !== null) throw this.#ended(view, "it spends nothing any more");
    await setBudget(this.#client, this.#workflowId, change);
  }

  /** Decides what this agent asks. Throws `RequestError`, code `refused`, when nothing waits for it. */
  async decide(requestId: string, decision: Decision, by = "person"): Promise<DecisionTaken> {
    const consequence = "it asks nothing any more";
    await this.#listening(consequence);
    return await this.#unlessEnded(consequence, () =>
      decide(this.#client, this.#workflowId, requestId, decision, by),
    );
  }

  /** The conversation, newest generation. Needs a worker. */
  async transcript(): Promise<TranscriptPage> {
    return await readTranscript(this.#client, (await this.#find()).workflowId);
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

  /** A task that was asked to stop takes nothing more: what came after that would change nothing. */
  async #listening(consequence: string): Promise<TaskView> {
    const { view, stopping } = await this.look();
    if (view.endedAt !== null) throw this.#ended(view, consequence);
    if (!stopping) return view;
    throw new RequestError(
      "ended",
      `${this.id} was asked to stop: ${consequence}. Ask its supervisor for a new task.`,
    );
  }

  /** It may end between the look at it and what is sent. Then that is said, not that there is no such task. */
  async #unlessEnded<Answer>(consequence: string, send: () => Promise<Answer>): Promise<Answer> {
    try {
      return await send();
    } catch (error) {
      throw this.#ended(await this.#ifEnded(error), consequence);
    }
  }

  /** The task that has ended meanwhile. Throws the error when it is another one. */
  async #ifEnded(error: unknown): Promise<TaskView> {
    if (!isRequestError(error, "unknown")) throw error;
    const view = await this.view();
    if (view.endedAt === null) throw error;
    return view;
  }

  #ended(view: TaskView, consequence: string): RequestError {
    return new RequestError(
      "ended",
      `${this.id} is already ${view.status}: ${consequence}. Try it again with: bosun retry ${this.id}, or ask its supervisor for a new task.`,
    );
  }

  /** The newest attempt. What was found last is where the next look begins. */
  async #find(): Promise<WorkflowExecutionDescription> {
    const find = this.#isOne ? describe : describeNewest;
    const description = await find(this.#client, this.#workflowId);
    this.#workflowId = description.workflowId;
    return description;
  }

  #handle(): WorkflowHandle {
    return this.#client.workflow.getHandle(this.#workflowId);
  }
}

function requireTask({ type }: WorkflowExecutionDescription, id: string): void {
  if (type === workflowTypes.subagent) return;
  throw new RequestError("wrongKind", `${id} is a supervisor, not a task.`);
}
