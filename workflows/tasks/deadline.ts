// Work that has to be done by a certain time.
import {
  ActivityFailure,
  CancelledFailure,
  CancellationScope,
  condition,
  isCancellation,
} from "@temporalio/workflow";
import { type Deadline, dueAt, prolongLate, timeLeft } from "../../protocol/deadline.ts";
import { type Agent, arrive, tell } from "../agent/agent.ts";
import { takeAnswer, takeInbox } from "../turn/agent-loop.ts";
import { enter, publish, workingStatus } from "../agent/display.ts";
import { TaskFailure } from "../agent/failures.ts";
import { callOnce } from "../turn/model-call.ts";
import { deadlineText } from "../transcript/notices.ts";
import { endTasks } from "./task-ends.ts";
import { closeTurn } from "../turn/tool-turn.ts";

/** Work until it is done or its time is up. Then it is broken off, and the task ends with what it has. */
export async function underDeadline<Result>(
  agent: Agent,
  work: () => Promise<Result>,
): Promise<Result> {
  if (!agent.state.deadline) return await work();
  const working = new CancellationScope();
  const clock = new CancellationScope();
  let isUp = false;
  const watch = async (): Promise<void> => {
    await untilDue(agent);
    isUp = true;
    working.cancel();
  };
  // Cancelled with the work it is for.
  void clock.run(watch).catch(() => undefined);
  try {
    return await working.run(work);
  } catch (error) {
    if (!isUp || !isCancellation(error) || isCancelled()) throw error;
  } finally {
    clock.cancel();
  }
  return await endAtDeadline(agent);
}

const isCancelled = (): boolean => CancellationScope.current().consideredCancelled;

/** Pauses stop the clock. A time that was up while nothing ran here is prolonged once. */
async function untilDue(agent: Agent): Promise<void> {
  const { state, settings } = agent;
  for (;;) {
    const { deadline, pausedAt } = state;
    if (!deadline) return;
    const left = timeLeft(deadline, state, Date.now());
    const isChanged = (): boolean => state.deadline !== deadline || state.pausedAt !== pausedAt;
    if (left === undefined) await condition(isChanged);
    else if (left > 0) await condition(isChanged, left, { summary: "deadline" });
    else {
      const { lateMs } = settings.limits;
      const later = prolongLate(deadline, state, { nowMs: Date.now(), lateMs });
      if (!later) return;
      state.deadline = later;
      tell(agent, { type: "trouble", text: toProlongedText(agent, later) });
      publish(agent);
    }
  }
}

const toDueTime = ({ state }: Agent, deadline: Deadline): string =>
  new Date(dueAt(deadline, state)).toISOString();

function toProlongedText(agent: Agent, deadline: Deadline): string {
  return `The deadline was up while nothing ran here. It is prolonged once, until ${toDueTime(agent, deadline)}.`;
}

async function endAtDeadline(agent: Agent): Promise<never> {
  const { state } = agent;
  const time = state.deadline ? toDueTime(agent, state.deadline) : "";
  const hasBegun = state.generation.messages.length > 0;
  await endTasks(agent, "The deadline of the task that started it has passed.");
  if (isCancelled()) throw new CancelledFailure("Cancelled.");
  if (hasBegun) await askForLastWords(agent);
  throw new TaskFailure(
    "timeout",
    hasBegun
      ? `Its deadline, ${time}, has passed. The summary is what it had.`
      : `Its deadline, ${time}, passed before it began.`,
  );
}

/** One call without tools. A model that does not answer in time has said what it had to say. */
async function askForLastWords(agent: Agent): Promise<void> {
  const { state, settings } = agent;
  closeTurn(agent, "Not answered: the deadline came first.");
  if (state.parked > 0) return;
  state.closing = true;
  arrive(agent, { type: "notice", text: deadlineText });
  takeInbox(agent);
  enter(agent, { status: workingStatus(agent) });
  try {
    const call = () => callOnce(agent);
    const { lastAnswerMs } = settings.limits;
    takeAnswer(agent, await CancellationScope.withTimeout(lastAnswerMs, call));
  } catch (error) {
    if (isCancelled()) throw error;
    const isModels = error instanceof TaskFailure || error instanceof ActivityFailure;
    if (!isModels && !isCancellation(error)) throw error;
  }
}
