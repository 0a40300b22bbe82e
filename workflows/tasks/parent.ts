// What a task tells the agent that started it.
import { CancellationScope, getExternalWorkflowHandle } from "@temporalio/workflow";
import { type TaskEvent, taskEventSignal } from "../../protocol/messages.ts";
import type { WaitingReason } from "../../protocol/task.ts";
import { cutText } from "../../protocol/text.ts";
import { type Agent, send } from "../agent/agent.ts";
import { enter, workingStatus } from "../agent/display.ts";

/** The agent is shown as waiting, and its parent hears of it. */
export function enterWaiting(agent: Agent, waitingOn: readonly WaitingReason[], why: string): void {
  enter(agent, { status: "waiting", waitingOn }, why);
  report(agent, { type: "waiting", waitingOn, why: cutText(why, 1_000) });
}

/** What was waited for is there: the agent works again, and its parent hears of it. */
export function goOn(agent: Agent): void {
  enter(agent, { status: workingStatus(agent) });
  report(agent, { type: "resumed" });
}

/** One after the other, for signals sent together arrive in any order. A closed parent needs no news. */
export function report(agent: Agent, event: TaskEvent["event"]): void {
  const { parentId, run } = agent;
  if (parentId === null) return;
  agent.state.eventSeq += 1;
  const news: TaskEvent = { taskId: agent.id, seq: agent.state.eventSeq, event };
  const last = run.lastNews;
  const handle = getExternalWorkflowHandle(parentId);
  // Outside any scope that may be cancelled before its turn has come.
  const tellNext = async (): Promise<void> => {
    await last;
    await handle.signal(taskEventSignal, news);
  };
  run.lastNews = send(agent, CancellationScope.nonCancellable(tellNext));
}
