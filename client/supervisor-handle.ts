// A running supervisor, as typed calls.
import { randomUUID } from "node:crypto";
import type { Client, WorkflowExecutionDescription, WorkflowHandle } from "@temporalio/client";
import type { FeedEntry, FeedPage } from "../protocol/feed.ts";
import {
  endSignal,
  feedQuery,
  interruptSignal,
  type PersonMessage,
  sendMessageSignal,
  sendMessageUpdate,
} from "../protocol/messages.ts";
import type { BudgetChange, BudgetReport } from "../protocol/budget.ts";
import type { Decision } from "../protocol/requests.ts";
import type { TranscriptPage } from "../protocol/turn.ts";
import type { TaskView } from "../protocol/views.ts";
import { workflowTypes } from "../protocol/workflows.ts";
import { readBudget, setBudget } from "./budgets.ts";
import { callServer, callWorker, deliver } from "./call.ts";
import { pause, resume, set, type SetOptions, type SettingSent, type Switched } from "./control.ts";
import { decide, type DecisionTaken } from "./decide.ts";
import { checkText } from "./check-text.ts";
import { followFeed, type FollowOptions } from "./follow-feed.ts";
import { listTree } from "./list-executions.ts";
import { type LiveCall, readLiveCall } from "../protocol/live-call.ts";
import { describe } from "./newest-attempt.ts";
import { readTranscript } from "./read-transcript.ts";
import { type SentEvent, sendEvent, toEvent } from "./send-event.ts";
import { isRequestError, RequestError } from "./request-error.ts";
import { isOver, type SupervisorView, toSupervisorView } from "./supervisor-view.ts";
import { TaskHandle } from "./task-handle.ts";

export interface SendOptions {
  /** Makes the message count once, however often it is sent. Default: a new one. */
  readonly id?: string;
  /** Who sends it, for the record. Default: `person`. */
  readonly from?: string;
}

export interface Sent {
  readonly id: string;
  /** The supervisor had accepted this id before. */
  readonly known: boolean;
  /** `signalled`: no worker took it within 3 s. It is stored, and read when one does. */
  readonly stored: "accepted" | "signalled";
  /** The supervisor is paused, and answers when it goes on. */
  readonly paused?: true;
}

export class SupervisorHandle {
  readonly id: string;
  readonly #client: Client;
  readonly #maxMessageBytes: number;

  constructor(client: Client, id: string, maxMessageBytes: number) {
    this.#client = client;
    this.id = id;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Hands over a message. Once this resolves the message is in history. */
  async send(text: string, options: SendOptions = {}): Promise<Sent> {
    checkText(text, "message", this.#maxMessageBytes);
    const id = options.id ?? randomUUID();
    const message: PersonMessage = { id, text, from: options.from ?? "person" };
    try {
      return await this.#deliver(message);
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  /** What happened after an entry, for a screen. Needs a worker. */
  feed(after = 0): Promise<FeedPage> {
    return callWorker(this.#client, this.id, () => this.#handle().query(feedQuery, after));
  }

  /** The feed as it grows. Waits through absent workers, ends when the supervisor does. */
  follow(options: FollowOptions = {}): AsyncGenerator<FeedEntry, void, undefined> {
    const source = {
      read: (after: number) => this.feed(after),
      isOver: async () => isOver(await this.status()),
    };
    return followFeed(source, options);
  }

  /** Sends a message and resolves to the reply that answers it. */
  async ask(text: string, options: SendOptions & { signal?: AbortSignal } = {}): Promise<string> {
    const after = await this.lastEntry();
    const { id } = await this.send(text, options);
    const follow = { after, ...(options.signal && { signal: options.signal }) };
    for await (const { event } of this.follow(follow)) {
      if (event.type === "reply" && event.answers.includes(id)) return event.text;
    }
    throw new RequestError("ended", `${this.id} ended before it answered.`);
  }

  /** Every task of the tree, oldest first. Needs no worker, lags by a moment. */
  async tasks(): Promise<readonly TaskView[]> {
    return (await listTree(this.#client, this.id)).tasks;
  }

  task(id: string): TaskHandle {
    return new TaskHandle(this.#client, id, this.#maxMessageBytes);
  }

  /** The supervisor as it is now. Needs no worker. */
  async status(): Promise<SupervisorView> {
    return (await this.look()).view;
  }

  /** The supervisor as it is now, with the model call it is in. Needs no worker. */
  async look(): Promise<{ readonly view: SupervisorView; readonly live?: LiveCall }> {
    const description = await this.#describe();
    const live = readLiveCall(description);
    return { view: toSupervisorView(description, new Date()), ...(live && { live }) };
  }

  /** Asks it to end: its open tasks are cancelled and waited for. */
  async end(): Promise<void> {
    await this.#open();
    await callServer(this.#client, this.id, () => this.#handle().signal(endSignal));
  }

  /** Sends an event, once for each `eventId`. It is kept until the supervisor waits for it. */
  async event(name: string, data: unknown = null, eventId?: string): Promise<SentEvent> {
    const event = toEvent(name, data, eventId);
    await this.#open();
    return await sendEvent(this.#client, this.id, event);
  }

  /** Parks it at its next step boundary, with its whole tree. Messages are kept, and answered when it goes on. */
  async pause(): Promise<Switched> {
    return await pause(this.#client, await this.#open());
  }

  /** Goes on with what is paused, and at once with what waits for the model or for quota. Reaches the whole tree. */
  async resume(): Promise<Switched> {
    return await resume(this.#client, await this.#open());
  }

  /** Changes what it goes on with, from its next model call on. Its tasks stay as they are. */
  async set(options: SetOptions): Promise<SettingSent> {
    return await set(this.#client, await this.#open(), options);
  }

  /**
   * Breaks off the turn it is in: nothing of the answer under way is kept, reads are cancelled, a write is
   * finished. It goes idle and says so. Resolves to its status before: an idle one stays as it is.
   */
  async interrupt(): Promise<SupervisorView["status"]> {
    const { status } = toSupervisorView(await this.#open(), new Date());
    await callServer(this.#client, this.id, () => this.#handle().signal(interruptSignal));
    return status;
  }

  /** What it may spend and has spent with all of its tasks. Needs a worker. */
  budget(): Promise<BudgetReport> {
    return readBudget(this.#client, this.id);
  }

  /** Sets limits on what it may spend with all of its tasks. */
  async setBudget(change: BudgetChange): Promise<void> {
    try {
      await setBudget(this.#client, this.id, change);
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  /** Decides what this agent asks. Throws `RequestError`, code `refused`, when nothing waits for it. */
  async decide(requestId: string, decision: Decision, by = "person"): Promise<DecisionTaken> {
    try {
      return await decide(this.#client, this.id, requestId, decision, by);
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  /** The conversation, newest generation. Needs a worker. */
  transcript(): Promise<TranscriptPage> {
    return readTranscript(this.#client, this.id);
  }

  async #deliver(message: PersonMessage): Promise<Sent> {
    const { id } = message;
    const ways = { update: sendMessageUpdate, signal: sendMessageSignal };
    const accepted = await deliver(this.#client, this.id, ways, message);
    if (accepted) {
      const { known, paused } = accepted;
      return { id, known, stored: "accepted", ...(paused && { paused }) };
    }
    // It is stored, whatever this look comes to.
    const view = await this.status().catch(() => undefined);
    return { id, known: false, stored: "signalled", ...(view?.pausedAt && { paused: true }) };
  }

  /** To the server a closed workflow and one that never was look alike. */
  async #explain(error: unknown): Promise<unknown> {
    if (!isRequestError(error, "unknown", "wrongKind")) return error;
    const { status } = await this.status();
    return status === "ended" || status === "failed"
      ? new RequestError(
          "ended",
          `${this.id} has ${toPast(status)} and takes no more messages. Start a new one with: bosun start`,
        )
      : error;
  }

  /** The number of the newest feed entry, 0 when no worker can say. */
  async lastEntry(): Promise<number> {
    try {
      return (await this.feed(Number.MAX_SAFE_INTEGER)).last;
    } catch (error) {
      if (isRequestError(error, "noWorker")) return 0;
      throw await this.#explain(error);
    }
  }

  async #describe(): Promise<WorkflowExecutionDescription> {
    const description = await describe(this.#client, this.id);
    if (description.type === workflowTypes.supervisor) return description;
    throw new RequestError("wrongKind", `${this.id} is a task, not a supervisor.`);
  }

  async #open(): Promise<WorkflowExecutionDescription> {
    const description = await this.#describe();
    const view = toSupervisorView(description, new Date());
    if (!isOver(view)) return description;
    throw new RequestError("ended", `${this.id} has ${toPast(view.status)}: nothing of it runs.`);
  }

  #handle(): WorkflowHandle {
    return this.#client.workflow.getHandle(this.id);
  }
}

function toPast(status: SupervisorView["status"]): string {
  return status === "failed" ? "failed" : "ended";
}
