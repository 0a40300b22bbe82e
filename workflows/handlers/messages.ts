// The handlers of an agent: they push and return.
import { setHandler } from "@temporalio/workflow";
import { resumeShape, retryShape, settingShape } from "../../protocol/control.ts";
import {
  beginSignal,
  cancelReasonSignal,
  decideSignal,
  decideUpdate,
  endSignal,
  findingsSignal,
  interruptSignal,
  pauseSignal,
  resumeSignal,
  retrySignal,
  retryUpdate,
  sendMessageSignal,
  sendMessageUpdate,
  setSignal,
  taskEventSignal,
  updateTaskSignal,
} from "../../protocol/messages.ts";
import {
  beginShape,
  personMessageShape,
  reasonShape,
  steeringNoteShape,
  taskEventShape,
} from "../../protocol/message-shapes.ts";
import { decideShape } from "../../protocol/requests.ts";
import { findingsNewsShape } from "../../protocol/findings.ts";
import { cutText } from "../../protocol/text.ts";
import { type Agent, arrive, interrupt, send, takeId } from "../agent/agent.ts";
import { hearBudget, takeBudgetNews } from "../budget/budget-news.ts";
import { hear } from "../sharing/finding-board.ts";
import { refuseDecision, takeDecision, takeLateDecision } from "../people/decisions.ts";
import { takeSetting } from "../agent/chosen-model.ts";
import { takeInterrupt } from "./interrupt.ts";
import { takePause, takeResume } from "./pause.ts";
import { refuseRetry, takeLateRetry, takeRetry } from "../tasks/attempts.ts";
import { takeTaskEvent } from "./task-news.ts";
import { refuseMessage, takeMessage, toFit } from "../agent/inbox-room.ts";
import { believe, demand } from "./input.ts";

/** What both kinds of agent are told about their tasks and their waiting. */
export function takeTaskNews(agent: Agent): void {
  takeBudgetNews(agent);
  setHandler(decideUpdate, (given) => takeDecision(agent, given), {
    validator: (given) => {
      demand("The decision cannot be read", decideShape, given);
      refuseDecision(agent, given);
    },
  });
  setHandler(decideSignal, (given) => {
    const decision = believe(agent, "decide", decideShape, given);
    if (decision) takeLateDecision(agent, decision);
  });
  setHandler(taskEventSignal, (given) => {
    const news = believe(agent, "task_event", taskEventShape, given);
    if (news) takeTaskEvent(agent, news);
  });
  takeControl(agent);
}

/** How a person holds, changes, repeats work. */
function takeControl(agent: Agent): void {
  setHandler(pauseSignal, () => takePause(agent));
  setHandler(resumeSignal, (given) =>
    takeResume(agent, believe(agent, "resume", resumeShape, given)),
  );
  setHandler(setSignal, (given) => {
    const setting = believe(agent, "set", settingShape, given);
    if (!setting || !takeId(agent, setting.settingId)) return;
    takeSetting(agent, setting);
    hearBudget(agent, setting);
  });
  setHandler(retryUpdate, (given) => takeRetry(agent, given), {
    validator: (given) => {
      demand("The retry cannot be read", retryShape, given);
      refuseRetry(agent, given);
    },
  });
  setHandler(retrySignal, (given) => {
    const retry = believe(agent, "retry", retryShape, given);
    if (retry) void send(agent, takeLateRetry(agent, retry));
  });
}

/** What a supervisor is told by a person. */
export function takePersonMessages(agent: Agent): void {
  setHandler(sendMessageUpdate, (message) => takeMessage(agent, message), {
    validator: (message) => refuseMessage(agent, message),
  });
  setHandler(sendMessageSignal, (given) => {
    const message = believe(agent, "send_message", personMessageShape, given);
    if (!message || agent.state.knownIds.includes(message.id)) return;
    const text = toFit(agent, message.id, message.text);
    if (text !== undefined) takeMessage(agent, { ...message, text });
  });
  setHandler(interruptSignal, () => takeInterrupt(agent));
  setHandler(endSignal, () => {
    agent.state.ending = true;
    interrupt(agent);
  });
}

/** What a task is told by the agent that started it, and by a person. */
export function takeSteering(agent: Agent): void {
  const { state } = agent;
  setHandler(beginSignal, (given) => {
    if (given !== undefined && !state.dependencies) {
      const begin = believe(agent, "begin", beginShape, given);
      if (begin) state.dependencies = begin;
    }
    state.begun = true;
  });
  setHandler(cancelReasonSignal, (given) => {
    const reason = believe(agent, "cancel_reason", reasonShape, given);
    state.cancelReason = cutText(reason ?? "", 1_000);
  });
  setHandler(findingsSignal, (given) => {
    const news = believe(agent, "findings", findingsNewsShape, given);
    if (news) state.heard = hear(state.heard, news);
  });
  setHandler(updateTaskSignal, (given) => {
    const note = believe(agent, "update_async_task", steeringNoteShape, given);
    if (!note || state.knownIds.includes(note.noteId)) return;
    const message = toFit(agent, note.noteId, note.message);
    if (message === undefined) return;
    takeId(agent, note.noteId);
    arrive(agent, { type: "note", note: { ...note, message } });
    agent.run.probes += 1;
    if (note.when === "now") interrupt(agent);
  });
}
