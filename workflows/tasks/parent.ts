// What a task tells the agent that started it.
import { CancellationScope, getExternalWorkflowHandle } from "@temporalio/workflow";
import type { BudgetEvent } from "../../protocol/budget.ts";
import { type TaskEvent, taskEventSignal } from "../../protocol/messages.ts";
import type { Receipt, WaitingReason } from "../../protocol/task.ts";
import { cutText } from "../../protocol/text.ts";
import type { Trouble } from "../../protocol/trouble.ts";
import { type Agent, send } from "../agent/agent.ts";
import { enter, workingStatus } from "../agent/display.ts";

export function reportWaiting(
  agent: Agent,
  waitingOn: readonly WaitingReason[],
  why: string,
): void {
  report(agent, { type: "waiting", waitingOn, why: cutText(why, 1_000) });
}

/** What was waited for is there: the agent works again, and its parent hears of it. */
export function goOn(agent: Agent): void {
  enter(agent, { status: workingStatus(agent) });
  report(agent, { type: "resumed" });
}

/** A task below has seen that the model answers again. */
export function reportRecovered(agent: Agent): void {
  report(agent, { type: "recovered" });
}

/** Whoever asked: from here on the parent owns the grace. */
export function reportCancelling(agent: Agent): void {
  report(agent, { type: "cancelling" });
}

export function reportBudget(agent: Agent, event: BudgetEvent): void {
  report(agent, event);
}

/** The receipts of one step boundary together. */
export function reportReceipts(agent: Agent, receipts: readonly Receipt[]): void {
  report(agent, { type: "receipts", receipts: receipts.slice(-50) });
}

/** Something that the tasks beside this one should know. */
export function reportFinding(agent: Agent, text: string): void {
  report(agent, { type: "finding", text });
}

/** The agent does not get on. Null: it does again. */
export function reportTrouble(agent: Agent, trouble: Trouble | null): void {
  report(agent, { type: "trouble", trouble });
}

/** One after the other, for signals sent together arrive in any order. A closed parent needs no news. */
function report(agent: Agent, event: TaskEvent["event"]): void {
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
