// The tools that wait: for tasks, or for word from outside.
import { toLine } from "../../protocol/text.ts";
import type { waitForEventInput, waitForTasksInput } from "../../protocol/tools/waiting.ts";
import type { ToolAnswer } from "../../protocol/turn.ts";
import type { Shaped } from "../../protocol/shape.ts";
import type { Agent } from "../agent/agent.ts";
import { refused, said } from "../turn/answers.ts";
import { addWait, deliverEvents, toEventNotice } from "./background-waits.ts";
import { takeFrom } from "./event-box.ts";
import { findOwn, isOpen, readEnded } from "../tasks/own-tasks.ts";
import { isCalledAway, rest } from "./resting.ts";
import { markTold } from "../tasks/board-changes.ts";
import { unknownTask } from "../tasks/task-lookup.ts";
import { mostWaits, withoutEvent } from "./waits.ts";

function toUntil(minutes: number): number {
  return Date.now() + Math.max(1, Math.round(minutes * 60_000));
}

const toIso = (ms: number): string => new Date(ms).toISOString();

export async function waitForTasks(
  agent: Agent,
  input: Shaped<typeof waitForTasksInput>,
  callId: string,
): Promise<ToolAnswer> {
  const until = input.timeout_minutes === undefined ? undefined : toUntil(input.timeout_minutes);
  const { own, unknown } = await findOwn(agent, input.task_ids);
  if (unknown[0] !== undefined) return unknownTask(agent, unknown[0]);
  const ids = own.map(({ taskId }) => taskId);
  const mode = input.mode ?? "all";
  const openIds = (): readonly string[] => ids.filter((taskId) => isOpen(agent, taskId));
  const isOver = (): boolean => openIds().length <= (mode === "all" ? 0 : ids.length - 1);
  const why = toLine(`It waits for ${mode} of: ${openIds().join(", ")}.`, 300);
  await rest(agent, { callId, waitingOn: "tasks", why, until }, isOver);
  const open = openIds();
  const ended = await takeEnds(
    agent,
    ids.filter((taskId) => !open.includes(taskId)),
  );
  const note = isOver() ? restWords(open) : awayWords(agent, { taskIds: open, mode, until });
  return said({ ended, ...(open.length > 0 && { open }), ...note });
}

/** Their ends are told by this answer, so no notice of them follows. */
async function takeEnds(agent: Agent, ids: readonly string[]): Promise<readonly object[]> {
  const { state } = agent;
  const given = new Set(ids);
  state.inbox = state.inbox.filter((item) => item.type !== "ended" || !given.has(item.taskId));
  const ended = await readEnded(agent, ids);
  for (const taskId of ids) state.board = markTold(state.board, taskId);
  return ended;
}

function restWords(open: readonly string[]): object {
  return open.length > 0 ? { note: "The others go on. You are woken when they end." } : {};
}

/** Somebody spoke, a roll was due, or the time is up. */
function awayWords(
  agent: Agent,
  given: {
    readonly taskIds: readonly string[];
    readonly mode: "any" | "all";
    readonly until: number | undefined;
  },
): object {
  const { taskIds, mode, until } = given;
  const ids = taskIds.join(", ");
  if (until !== undefined && Date.now() >= until) {
    const note = `The time is up. They go on, and you are woken when they end: ${ids}.`;
    return { timed_out: true, note };
  }
  const note = `Moved to the background: ${ids}. You are woken when they end.`;
  if (until === undefined || agent.state.waits.length >= mostWaits) return { note };
  addWait(agent, { type: "tasks", taskIds, mode, until: toIso(until) });
  return { note: `${note} A notice tells when the time is up, ${toIso(until)}.` };
}

export async function waitForEvent(
  agent: Agent,
  input: Shaped<typeof waitForEventInput>,
  callId: string,
): Promise<ToolAnswer> {
  const { state } = agent;
  const { name } = input;
  const until = toUntil(input.timeout_minutes);
  state.waits = withoutEvent(state.waits, name);
  if (state.waits.length >= mostWaits) {
    return refused(`${mostWaits} waits are in the background, which is the most there may be.`);
  }
  const why = `It waits for the event ${name} until ${toIso(until)}. To send it: bosun event ${agent.id} ${name}`;
  for (;;) {
    const taken = takeFrom(state.events, name);
    if (taken) {
      state.events = taken.box;
      return { text: toEventNotice(taken.event), isError: false };
    }
    if (Date.now() >= until) {
      return said({ event: name, timed_out: true, note: "The event did not come in time." });
    }
    if (isCalledAway(agent)) break;
    const isThere = (): boolean => state.events.some((event) => event.name === name);
    await rest(agent, { callId, waitingOn: "event", why, until }, isThere);
  }
  addWait(agent, { type: "event", name, until: toIso(until) });
  deliverEvents(agent);
  return said({
    event: name,
    note: `Moved to the background: the event comes as a notice, or a notice says at ${toIso(until)} that it did not come. To wait for it again, call wait_for_event with its name.`,
  });
}
