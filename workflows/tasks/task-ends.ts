// The end of a task, heard once.
import {
  ApplicationFailure,
  CancelledFailure,
  CancellationScope,
  ChildWorkflowFailure,
  condition,
  getExternalWorkflowHandle,
  patched,
} from "@temporalio/workflow";
import type { TaskEnding } from "../../protocol/activities.ts";
import { failureTypes } from "../../protocol/failures.ts";
import { cancelReasonSignal } from "../../protocol/messages.ts";
import { type Envelope, type Grace, isEnded } from "../../protocol/task.ts";
import { type Agent, arrive, now, send } from "../agent/agent.ts";
import { releaseClaims } from "../sharing/claim-list.ts";
import { publish } from "../agent/display.ts";
import { forgetReaders } from "../sharing/findings.ts";
import { awaitStop } from "./grace.ts";
import { closeLease } from "../budget/lease-readings.ts";
import { giveBack, leftItsDiff, takeDiff } from "../edits/release.ts";
import { readEnding } from "./task-readings.ts";
import { withdrawAtEnd } from "../people/requests.ts";
import { beginQueued } from "./slots.ts";
import { type BoardTask, findAttempt, findTask, openTasks, workflowOf } from "./board.ts";
import { endOnBoard, keepGrace } from "./board-changes.ts";
import { tellTask, toEndWords } from "./feed-words.ts";
import { forgetTrouble } from "../turn/trouble-stages.ts";
import { toWatchers } from "../agent/watchers.ts";

/** Hears the end of a child that this run started. */
export async function followChild(
  agent: Agent,
  workflowId: string,
  result: Promise<Envelope>,
): Promise<void> {
  try {
    const envelope = await result;
    settle(agent, { taskId: workflowId, end: { status: "completed" }, envelope });
  } catch (error) {
    await takeFailure(agent, workflowId, error);
  }
}

/** A task that failed carries its envelope. One that was stopped left it where only an activity can read it. */
async function takeFailure(agent: Agent, workflowId: string, error: unknown): Promise<void> {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure && cause.type === failureTypes.taskFailed) {
    const envelope = cause.details?.[0] as Envelope;
    const reason = envelope.reason ?? "error";
    return settle(agent, { taskId: workflowId, end: { status: "failed", reason }, envelope });
  }
  // The agent itself is being cancelled and no longer listens: endTasks asks again.
  if (cause instanceof CancelledFailure && !(error instanceof ChildWorkflowFailure)) return;
  await send(
    agent,
    readEnding(agent, workflowId).then((ending) => settle(agent, ending)),
  );
}

/** An attempt, by its workflow, has ended: once on the board, once in the inbox or as the answer of the call that waits for it. */
export function settle(agent: Agent, ending: TaskEnding): void {
  const { taskId: workflowId } = ending;
  const task = findAttempt(agent.state.board, workflowId);
  if (!task || isEnded(task.phase) || agent.run.leaving.has(workflowId)) return;
  if (!leftItsDiff(task, ending)) return endNow(agent, task, ending);
  agent.run.leaving.add(workflowId);
  const told = takeDiff(agent, ending).then((whole) => endNow(agent, task, whole));
  void send(agent, told);
}

function endNow(agent: Agent, task: BoardTask, ending: TaskEnding): void {
  const { state } = agent;
  const { taskId: workflowId, end, envelope } = ending;
  const { taskId } = task;
  state.board = endOnBoard(state.board, taskId, end, envelope, now());
  agent.run.tasks.delete(workflowId);
  forgetReaders(agent);
  state.claims = releaseClaims(state.claims, workflowId);
  forgetTrouble(agent, taskId);
  closeLease(agent, ending);
  tellTask(agent, task, end, toEndWords(envelope));
  if (!task.awaitedBy) arrive(agent, { type: "ended", taskId });
  giveBack(agent, ending);
  beginQueued(agent);
  publish(agent);
}

const idsPerWatch = 100;

/** Watches open tasks that an earlier run started, until none is left or `stop` says so. */
export async function watchOpen(agent: Agent, stop: () => boolean): Promise<void> {
  for (const task of openTasks(agent.state.board)) if (task.grace) giveGrace(agent, task.taskId);
  const activities = toWatchers(agent.settings.installation);
  while (!stop()) {
    const ids = toWatched(agent);
    if (ids.length === 0) return;
    const scope = new CancellationScope();
    const endings = await scope.run(() =>
      Promise.race([
        ...toGroups(ids).map((group) =>
          activities.awaitTasks.executeWithOptions({ summary: `wait for ${group.length} tasks` }, [
            group,
          ]),
        ),
        condition(stop).then(() => []),
      ]),
    );
    scope.cancel();
    for (const ending of endings) settle(agent, ending);
  }
}

/** Agents that end asked each task twice to stop before, and each end was told twice. */
const once = "stops-each-task-once";

/** One whose workflow is still being started would pass for lost. The run that starts it follows it. */
function toWatched({ state, run }: Agent): readonly string[] {
  const isTwice = state.ending && !patched(once);
  const open = openTasks(state.board).filter((task) => !run.tasks.has(workflowOf(task)) || isTwice);
  const there = open.filter((task) => task.exists);
  const isNew = there.length < open.length && !state.ending;
  return (isNew && patched("watches-what-exists") ? there : open).map(workflowOf);
}

/** Whether this run has cancelled what it started: that stands in its history, and this run waits for the end. */
function isAsked({ run }: Agent, task: BoardTask): boolean {
  const scope = run.tasks.get(workflowOf(task))?.scope;
  return scope?.consideredCancelled === true && patched(once);
}

function toGroups(ids: readonly string[]): readonly (readonly string[])[] {
  const count = Math.ceil(ids.length / idsPerWatch);
  return Array.from({ length: count }, (_, group) =>
    ids.slice(group * idsPerWatch, (group + 1) * idsPerWatch),
  );
}

/** A task was asked to stop, by this agent or past it: from here on this agent sees that it does. */
export function giveGrace(agent: Agent, taskId: string, takenAt?: string): void {
  const { state, run } = agent;
  const task = findTask(state.board, taskId);
  if (!task || isEnded(task.phase) || !patched("ends-by-force")) return;
  const workflowId = workflowOf(task);
  const keep = (grace: Grace): void => {
    state.board = keepGrace(state.board, task.taskId, grace);
  };
  keep({ askedAt: now(), ...task.grace, ...(takenAt !== undefined && { takenAt }) });
  if (run.graces.has(workflowId)) return;
  void CancellationScope.nonCancellable(async () => {
    const scope = new CancellationScope();
    run.graces.set(workflowId, scope);
    const { installation, limits } = agent.settings;
    const graceMs = limits.cancelGraceMs;
    const grace = (): Grace | undefined => findAttempt(state.board, workflowId)?.grace;
    const ending = await scope.run(() =>
      awaitStop({ taskId: workflowId, installation, graceMs, grace, keep }),
    );
    if (ending) settle(agent, ending);
    run.graces.delete(workflowId);
  }).catch(() => undefined);
}

/** Before a roll. What was given stands on the board, and the next run goes on with it. */
export function stopGraces({ run }: Agent): void {
  for (const scope of run.graces.values()) scope.cancel();
  run.graces.clear();
}

/** Cancels every open task and waits until all have ended. */
export async function endTasks(agent: Agent, reason: string): Promise<void> {
  await CancellationScope.nonCancellable(async () => {
    const { state } = agent;
    agent.state.ending = true;
    withdrawAtEnd(agent);
    // Nobody could stop what does not exist yet.
    if (agent.run.starting > 0) await condition(() => agent.run.starting === 0);
    const open = openTasks(state.board);
    await Promise.all(
      open.map(async (task) => {
        const handle = getExternalWorkflowHandle(workflowOf(task));
        await send(agent, handle.signal(cancelReasonSignal, reason));
        if (!isAsked(agent, task)) await send(agent, handle.cancel());
        giveGrace(agent, task.taskId);
      }),
    );
    if (open.length > 0) void watchOpen(agent, () => false).catch(() => undefined);
    await condition(() => openTasks(state.board).length === 0);
  });
}
