// Listening, typing and watching at the same time.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import stringWidth from "string-width";
import type { FeedEntry, FeedEvent } from "../../protocol/feed.ts";
import { isEnded } from "../../protocol/task.ts";
import { CommandError } from "../command-error.ts";
import type { Context } from "../commands/context.ts";
import { readAsker } from "../commands/decide-request.ts";
import { toHandle } from "../commands/pick-agent.ts";
import type { Visit } from "../commands/with-session.ts";
import type { LiveCall } from "../../protocol/live-call.ts";
import { RequestError } from "../request-error.ts";
import { asksPerson, renderEntry } from "../screen/feed-lines.ts";
import { type Palette, toPalette } from "../screen/palette.ts";
import { toPlainLine } from "../screen/plain-text.ts";
import { toAttemptText } from "../screen/live-text.ts";
import { cutLine, wrapText } from "../screen/wrap-text.ts";
import type { SupervisorHandle } from "../supervisor-handle.ts";
import type { SupervisorView } from "../supervisor-view.ts";
import type { Prompt } from "./prompt.ts";
import { renderAsked, renderDecisions } from "../screen/request-lines.ts";
import { runSlash } from "./slash.ts";

export interface ConversationOptions {
  readonly visit: Visit;
  readonly context: Context;
  readonly prompt: Prompt;
  readonly signal: AbortSignal;
  readonly leave: () => void;
  readonly json: boolean;
}

const recountMs = 5_000;

export class Conversation {
  readonly #options: ConversationOptions;
  readonly #palette: Palette;
  /** Messages sent from here, and whether they were answered. */
  readonly #sent = new Map<string, boolean>();
  readonly #openTasks = new Set<string>();
  /** Requests that were shown with the command that decides them. */
  readonly #asked = new Set<string>();
  /** Open requests of the whole tree, and when they were counted. */
  #waiting = { count: 0, at: 0 };

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#palette = toPalette(options.context.color);
  }

  /** Starts a supervisor with the first line that is typed. */
  async begin(workspace: string): Promise<SupervisorHandle | undefined> {
    const { prompt, visit } = this.#options;
    this.#say([`No supervisor is running. Say what you want done in ${workspace}:`]);
    for (;;) {
      const { value, done } = await prompt.lines.next();
      if (done) return undefined;
      const message = value.trim();
      if (!message || message.startsWith("/")) continue;
      const { supervisor, messageId } = await visit.here.bosun.start({ workspace, message });
      if (messageId) this.#sent.set(messageId, false);
      return supervisor;
    }
  }

  /** Resolves to whether there is something to come back to: the supervisor has not ended. */
  async hold(supervisor: SupervisorHandle, after: number): Promise<boolean> {
    this.#say([`Talking to ${supervisor.id}. /help lists commands, Ctrl-C leaves.`]);
    let failure: unknown;
    // Whichever part fails ends the others, before what they use is closed.
    const orLeave = (part: Promise<boolean | void>) =>
      part.catch((error: unknown) => {
        failure ??= error;
        this.#options.leave();
      });
    const [ended] = await Promise.all(
      [this.#listen(supervisor, after), this.#read(supervisor), this.#watch(supervisor)].map(
        orLeave,
      ),
    );
    if (failure !== undefined) throw failure;
    return !ended;
  }

  /** What the supervisor and its tasks do. Resolves to whether it has ended. */
  async #listen(supervisor: SupervisorHandle, after: number): Promise<boolean> {
    const { signal, leave } = this.#options;
    const onGap = (open: boolean) =>
      this.#say([open ? "(no worker answers just now)" : "(a worker answers again)"]);
    for await (const entry of supervisor.follow({ after, signal, onGap })) {
      this.#show(entry);
      await this.#showAsked(supervisor, entry.event);
    }
    const ended = !signal.aborted;
    this.#options.prompt.status("");
    leave();
    return ended;
  }

  #show(entry: FeedEntry): void {
    const { json, prompt } = this.#options;
    const { event } = entry;
    if (event.type === "task") {
      if (isEnded(event.phase)) this.#openTasks.delete(event.taskId);
      else this.#openTasks.add(event.taskId);
    }
    if (json) prompt.print([JSON.stringify(entry)]);
    // What was typed here stands there already.
    else if (event.type !== "taken" || !this.#sent.has(event.messageId)) {
      const frame = { width: this.#width(), palette: this.#palette, stamp: "" };
      prompt.print(renderEntry(entry, frame));
    }
    if (event.type === "reply") for (const id of event.answers) this.#sent.set(id, true);
  }

  /** How to decide what an agent asks, once each, unless it is decided already. */
  async #showAsked(supervisor: SupervisorHandle, event: FeedEvent): Promise<void> {
    const { visit, json, prompt } = this.#options;
    const id = toAsking(event, supervisor.id);
    if (id === undefined || json) return;
    const asker = await toHandle(visit.here.bosun, id)
      .then(readAsker)
      .catch(() => undefined);
    const fresh = asker?.requests.filter(({ requestId }) => !this.#asked.has(requestId)) ?? [];
    for (const { requestId } of fresh) this.#asked.add(requestId);
    const frame = { width: this.#width() - 2, now: new Date(), palette: this.#palette };
    const [only, other] = fresh;
    const lines =
      only && !other ? renderDecisions(id, only, frame, "/") : renderAsked(id, fresh, frame, "/");
    const own = only && id === supervisor.id ? ["Any other message takes it back."] : [];
    prompt.print([...lines, ...own].map((line) => `  ${line}`));
  }

  /** What the person types. */
  async #read(supervisor: SupervisorHandle): Promise<void> {
    const { prompt, signal, leave } = this.#options;
    for await (const line of prompt.lines) {
      if (signal.aborted) return;
      if (line.trim()) this.#say(await this.#take(supervisor, line.trim()));
    }
    while (!signal.aborted && [...this.#sent.values()].includes(false)) await this.#pause(100);
    leave();
  }

  async #take(supervisor: SupervisorHandle, line: string): Promise<readonly string[]> {
    try {
      if (line.startsWith("/")) return await runSlash(line, this.#toPlace(supervisor));
      return await this.#send(supervisor, line);
    } catch (error) {
      if (error instanceof RequestError || error instanceof CommandError) return [error.message];
      throw error;
    }
  }

  async #send(supervisor: SupervisorHandle, text: string): Promise<readonly string[]> {
    const id = randomUUID();
    this.#sent.set(id, false);
    try {
      const { stored, paused } = await supervisor.send(text, { id });
      if (paused) return ["(kept: the supervisor is paused, /resume lets it go on)"];
      return stored === "signalled" ? ["(stored, no worker has taken it yet)"] : [];
    } catch (error) {
      this.#sent.delete(id);
      throw error;
    }
  }

  #toPlace(supervisor: SupervisorHandle) {
    const { visit, leave } = this.#options;
    const frame = { width: this.#width(), now: new Date(), palette: this.#palette };
    return { bosun: visit.here.bosun, supervisor, frame, leave };
  }

  /** The line above the prompt, and whether everything it needs is still there. */
  async #watch(supervisor: SupervisorHandle): Promise<void> {
    const { visit, context, prompt, signal } = this.#options;
    for (;;) {
      if (signal.aborted) return;
      const lost = visit.session.lost();
      if (lost) throw new CommandError(lost);
      if (context.isTty) {
        const look = await supervisor.look().catch(() => undefined);
        await this.#countWaiting(supervisor);
        if (look) prompt.status(this.#toStatus(look.view, look.live));
      }
      await this.#pause(600);
    }
  }

  /** What a task of a task asks is in no feed of the supervisor, so it is looked for, now and then. */
  async #countWaiting({ id }: SupervisorHandle): Promise<void> {
    if (Date.now() - this.#waiting.at < recountMs) return;
    const { bosun } = this.#options.visit.here;
    const all = await bosun.requests().catch(() => []);
    const own = all.filter(({ supervisorId }) => supervisorId === id);
    this.#waiting = { count: own.length, at: Date.now() };
  }

  #toStatus(view: SupervisorView, live: LiveCall | undefined): string {
    const open = this.#openTasks.size;
    const parts = [
      view.status === "idle" ? "" : view.status,
      open > 0 ? `${open} ${open === 1 ? "task" : "tasks"} open` : "",
      this.#waiting.count > 0 ? `${this.#waiting.count} asked of you: /inbox` : "",
      toAttemptText(live).slice(0, 120),
      toPlainLine(live?.tail ?? "").slice(-200),
    ].filter(Boolean);
    const text = cutLine(parts.join(" · "), this.#width(), "middle");
    return text && this.#palette.faint(text);
  }

  /** Remarks of the chat itself. */
  #say(lines: readonly string[]): void {
    const { context, json, prompt } = this.#options;
    if (json) for (const line of lines) context.note(line);
    else prompt.print(lines.flatMap((line) => this.#fit(line)));
  }

  /** What is laid out already stays as it is. */
  #fit(line: string): readonly string[] {
    return stringWidth(line) > this.#width() ? wrapText(line, this.#width()) : [line];
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#options.signal }).catch(() => undefined);
  }

  #width(): number {
    return this.#options.context.columns() - 1;
  }
}

/** Who asks a person something by this event. */
function toAsking(event: FeedEvent, supervisorId: string): string | undefined {
  if (!asksPerson(event)) return undefined;
  return event.type === "task" ? event.taskId : supervisorId;
}
