// What an agent hears from its tasks.
import type { TaskEvent } from "../../protocol/messages.ts";
import { type Agent, now, tell } from "../agent/agent.ts";
import { hearReport } from "../budget/budget-news.ts";
import { publish } from "../agent/display.ts";
import { takeFinding } from "../sharing/findings.ts";
import { takeRecovery, waitsForModel } from "../turn/recovery.ts";
import { beginQueued } from "../tasks/slots.ts";
import { addReceipt, markHeard, moveOnBoard, takeSeq } from "../tasks/board-changes.ts";
import { findAttempt } from "../tasks/board.ts";
import { tellResumed, tellTask } from "../tasks/feed-words.ts";
import { giveGrace } from "../tasks/task-ends.ts";
import { takeTrouble } from "../turn/trouble-stages.ts";

export function takeTaskEvent(agent: Agent, { taskId: workflowId, seq, event }: TaskEvent): void {
  const { state } = agent;
  const task = findAttempt(state.board, workflowId);
  if (!task) return;
  const { taskId } = task;
  const taken = takeSeq(state.board, taskId, seq);
  if (!taken) return;
  state.board = markHeard(taken, taskId, now());
  switch (event.type) {
    case "receipts":
      for (const receipt of event.receipts) {
        state.board = addReceipt(state.board, taskId, receipt);
        tell(agent, { type: "receipt", taskId, receipt });
      }
      break;
    case "waiting": {
      const { waitingOn } = event;
      state.board = moveOnBoard(state.board, taskId, { type: "waiting", waitingOn });
      tellTask(agent, task, { status: "waiting", waitingOn }, event.why);
      break;
    }
    case "resumed":
      tellResumed(agent, task);
      state.board = moveOnBoard(state.board, taskId, { type: "resumed" });
      if (waitsForModel(task.phase)) takeRecovery(agent, workflowId);
      break;
    case "recovered":
      takeRecovery(agent, workflowId);
      break;
    case "budget":
      hearReport(agent, workflowId, event);
      break;
    case "cancelling":
      giveGrace(agent, taskId, now());
      break;
    case "finding":
      takeFinding(agent, task, event.text);
      break;
    case "trouble":
      takeTrouble(agent, task, event.trouble);
      break;
  }
  beginQueued(agent);
  publish(agent);
}
