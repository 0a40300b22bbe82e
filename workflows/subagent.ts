// Does one delegated task to its end.
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  patched,
} from "@temporalio/workflow";
import { failureTypes } from "../protocol/failures.ts";
import type { Envelope, FailureReason, TaskEnd } from "../protocol/task.ts";
import { cutText } from "../protocol/text.ts";
import type { Subagent, SubagentInput } from "../protocol/workflows.ts";
import { type Agent, openAgent } from "./agent.ts";
import { runTurns } from "./agent-loop.ts";
import { enter, publish } from "./display.ts";
import { reasonBytes, TaskFailure, toEnvelope } from "./envelope.ts";
import { answerQueries, takeSteering, takeTaskNews } from "./messages.ts";
import { toNotice } from "./notices.ts";
import { giveSlotBack, takeSlot } from "./own-slot.ts";
import { openAccount } from "./leases.ts";
import { reportCancelling, reportWaiting } from "./parent.ts";
import { mustRoll } from "./roll.ts";
import { closeRun, flush, takeOver, handOver, prepare } from "./run.ts";
import { toSnapshot } from "./snapshot.ts";
import { endTasks } from "./task-ends.ts";
import { keepBudget, toUsedUpText, waitsForBudget } from "./spending.ts";
import { openTasks } from "./task-board.ts";
import { closeTurn } from "./tool-turn.ts";

export const subagent: Subagent = async (input) => {
  const agent = openAgent(
    {
      role: "subagent",
      name: input.agent,
      parentId: input.parentId,
      rootId: input.rootId,
      depth: input.depth,
      settings: input.settings,
      parentModel: input.parentModel,
      begun: input.begun,
    },
    input.snapshot,
  );
  if (!input.snapshot && input.lease) keepBudget(agent, openAccount(input.lease, input.budget, 0));
  answerQueries(agent);
  takeTaskNews(agent);
  takeSteering(agent);
  CancellationScope.current().cancelRequested.catch(() => takeCancellation(agent));

  if (input.snapshot) takeOver(agent);
  try {
    while ((await work(agent, input)) === "settled") {
      await closeRun(agent);
      // What came while the last commands went out is answered before the end.
      if (isSettled(agent)) return complete(agent);
    }
    await handOver(agent);
  } catch (error) {
    if (isCancellation(error)) return await endCancelled(agent);
    const failed = toFailed(error);
    if (!failed) throw error;
    return await endFailed(agent, failed);
  }
  return await continueAsNew<Subagent>({ ...input, snapshot: toSnapshot(agent) });
};

/** Turns until the task is settled: answered, inbox empty, own tasks ended. */
async function work(agent: Agent, input: SubagentInput): Promise<"settled" | "roll"> {
  const { state } = agent;
  if (state.phase.status === "queued") {
    await condition(() => state.begun);
    enter(agent, { status: "running" });
  }
  await prepare(agent, input.workspace);
  if (state.turn === 0 && state.generation.messages.length === 0) open(agent, input);
  for (;;) {
    if (hasWork(agent) && !state.begun) await takeSlot(agent);
    if ((await runTurns(agent)) === "roll") return "roll";
    if (isSettled(agent)) return "settled";
    if (mustRoll(agent)) return "roll";
    if (state.inbox.length === 0) await waitForTasks(agent);
  }
}

/** Something to do without a person: while one is asked, what has come waits for the decision. */
function hasWork(agent: Agent): boolean {
  const { state } = agent;
  if (state.requests.length > 0 || waitsForBudget(agent)) return false;
  return state.inbox.length > 0 || state.due;
}

function isSettled({ state }: Agent): boolean {
  return state.inbox.length === 0 && openTasks(state.board).length === 0;
}

/** The task's first words: what it is to do, then where it works. Notes that came before follow. */
function open(agent: Agent, input: SubagentInput): void {
  const { writable, git } = input.workspace;
  const facts = { writable, git, depth: input.depth };
  const text = toNotice("workspace", facts, "Paths are relative to the workspace.");
  agent.state.inbox = [
    { type: "notice", text: input.description },
    { type: "notice", text },
    ...agent.state.inbox,
  ];
}

/** Waiting for its own tasks gives the slot back. Before it goes on, it asks for one again. */
async function waitForTasks(agent: Agent): Promise<void> {
  const { state } = agent;
  if (state.begun) {
    const why = `${openTasks(state.board).length} tasks of its own are open.`;
    giveSlotBack(agent);
    enter(agent, { status: "waiting", waitingOn: ["tasks"] }, why);
    reportWaiting(agent, ["tasks"], why);
  }
  await condition(() => state.inbox.length > 0 || mustRoll(agent));
}

/** Nothing may wait between here and the end of the workflow: a note that came then would be lost. */
function complete(agent: Agent): Envelope {
  const { state } = agent;
  if (state.closing) throw fail(agent, { reason: "budget", message: toEndOfBudget(agent) });
  const end: TaskEnd = { status: "completed" };
  const envelope = toEnvelope(state, end, "");
  leave(agent, end, envelope);
  return envelope;
}

function toEndOfBudget(agent: Agent): string {
  const isForBudget = agent.state.spending.closing;
  const what = isForBudget ? toUsedUpText(agent) : "Its turns were used up.";
  return `${what} The summary is what it had.`;
}

/** For calls that the end came before, so that the transcript can be read, and begun from, again. */
const unanswered = "Not answered: the task ended first.";

/** The last step: the envelope goes into the memo, where it can be read without a worker. */
function leave(agent: Agent, end: TaskEnd, envelope: Envelope): void {
  agent.state.phase = end;
  publish(agent, envelope);
}

interface Failed {
  readonly reason: FailureReason;
  readonly message: string;
}

function toFailed(error: unknown): Failed | undefined {
  if (error instanceof TaskFailure) return { reason: error.reason, message: error.message };
  if (error instanceof ActivityFailure) {
    return { reason: "error", message: error.cause?.message ?? error.message };
  }
  return undefined;
}

async function endFailed(agent: Agent, failed: Failed): Promise<never> {
  await endTasks(agent, "The task that started it has failed.");
  await flush(agent);
  throw fail(agent, failed);
}

function fail(agent: Agent, { reason, message: words }: Failed): ApplicationFailure {
  const message = cutText(words, reasonBytes);
  const end: TaskEnd = { status: "failed", reason };
  agent.state.why = message;
  closeTurn(agent, unanswered);
  const envelope = toEnvelope(agent.state, end, message);
  leave(agent, end, envelope);
  return ApplicationFailure.create({
    message,
    type: failureTypes.taskFailed,
    nonRetryable: true,
    details: [envelope],
  });
}

/** Told at once: what still runs may take its time, or never stop. */
function takeCancellation(agent: Agent): void {
  if (!patched("tells-cancelling")) return;
  void CancellationScope.nonCancellable(async () => reportCancelling(agent));
}

/** Cancelled means stopped: its own tasks first, then this one. */
async function endCancelled(agent: Agent): Promise<never> {
  const { state } = agent;
  await endTasks(agent, state.cancelReason || "The task that started it was cancelled.");
  await flush(agent);
  const end: TaskEnd = { status: "cancelled" };
  const why = state.cancelReason || "It was cancelled before it was done.";
  closeTurn(agent, unanswered);
  leave(agent, end, toEnvelope(state, end, why));
  throw new CancelledFailure(why);
}
