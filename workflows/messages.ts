// The handlers of an agent: they push and return.
import { ApplicationFailure, setHandler } from "@temporalio/workflow";
import { z } from "zod";
import { failureTypes } from "../protocol/failures.ts";
import {
  digestQuery,
  interruptSignal,
  pauseSignal,
  resumeShape,
  resumeSignal,
  retryShape,
  retrySignal,
  retryUpdate,
  setSignal,
  settingShape,
} from "../protocol/control.ts";
import {
  type Accepted,
  beginSignal,
  cancelReasonSignal,
  checkTaskQuery,
  decideSignal,
  decideUpdate,
  endSignal,
  feedQuery,
  findingsSignal,
  knowsQuery,
  type PersonMessage,
  sendMessageSignal,
  sendMessageUpdate,
  type TaskEvent,
  taskEventSignal,
  transcriptEndQuery,
  transcriptQuery,
  updateTaskSignal,
} from "../protocol/messages.ts";
import {
  beginShape,
  decideShape,
  personMessageShape,
  reasonShape,
  steeringNoteShape,
  taskEventShape,
} from "../protocol/message-shapes.ts";
import { findingsNewsShape } from "../protocol/findings.ts";
import { byteLength, cutText, toLine } from "../protocol/text.ts";
import {
  type Agent,
  arrive,
  interrupt,
  isPaused,
  modelOf,
  now,
  send,
  takeId,
  tell,
} from "./agent.ts";
import { hearBudget, hearReport, takeBudgetNews } from "./budget-news.ts";
import { publish } from "./display.ts";
import { readFeed } from "./feed.ts";
import { hear } from "./finding-board.ts";
import { takeFinding } from "./findings.ts";
import { bytesOf } from "./inbox.ts";
import { answerRecords } from "./records.ts";
import { toReport, toSupervisorStatus } from "./report.ts";
import { refuseDecision, takeDecision, takeLateDecision } from "./decisions.ts";
import {
  addReceipt,
  findAttempt,
  findTask,
  markHeard,
  moveOnBoard,
  takeSeq,
} from "./task-board.ts";
import { takeSetting } from "./chosen-model.ts";
import { takeInterrupt } from "./interrupt.ts";
import { takePause, takeResume } from "./pause.ts";
import { takeRecovery, waitsForModel } from "./recovery.ts";
import { refuseRetry, toAttemptDigest, takeLateRetry, takeRetry } from "./attempts.ts";
import { beginQueued } from "./slots.ts";
import { giveGrace } from "./task-ends.ts";
import { tellResumed } from "./task-news.ts";
import { toPage } from "./transcript.ts";
import { takeTrouble } from "./trouble-stages.ts";

/** What both kinds of agent answer. */
export function answerQueries(agent: Agent): void {
  const { state } = agent;
  answerRecords(agent);
  setHandler(transcriptQuery, ({ generation, from, to }) => {
    if (generation !== state.generation.number) {
      return { generation: state.generation.number, total: 0, messages: [] };
    }
    const page = toPage(state.generation, from, to);
    return from === 0 ? { ...page, header: toHeader(agent) } : page;
  });
  setHandler(transcriptEndQuery, () => ({
    generation: state.generation.number,
    total: state.generation.messages.length,
  }));
  setHandler(knowsQuery, ({ ids }) => ids.filter((id) => findTask(state.board, id)));
  setHandler(digestQuery, () => toAttemptDigest(agent));
  setHandler(checkTaskQuery, (detail) => toReport(agent, detail));
  setHandler(feedQuery, (after) => readFeed(state.feed, after, toSupervisorStatus(agent)));
}

function toHeader(agent: Agent) {
  const { generation, definition } = agent.state;
  return {
    model: generation.model || modelOf(agent),
    backend: generation.backend,
    system: definition?.system ?? "",
    tools: definition?.tools ?? [],
  };
}

/** What both kinds of agent are told about their tasks and their waiting. */
export function takeTaskNews(agent: Agent): void {
  takeBudgetNews(agent);
  setHandler(decideUpdate, (given) => takeDecision(agent, given), {
    validator: (given) => {
      const read = decideShape.safeParse(given);
      if (!read.success) refuse(`The decision cannot be read: ${z.prettifyError(read.error)}`);
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
      const read = retryShape.safeParse(given);
      if (!read.success) refuse(`The retry cannot be read: ${z.prettifyError(read.error)}`);
      refuseRetry(agent, given);
    },
  });
  setHandler(retrySignal, (given) => {
    const retry = believe(agent, "retry", retryShape, given);
    if (retry) void send(agent, takeLateRetry(agent, retry));
  });
}

/** Anybody may send a signal, and none can be refused. What cannot be read is said and left. */
export function believe<Shape>(
  agent: Agent,
  name: string,
  shape: z.ZodType<Shape>,
  given: unknown,
): Shape | undefined {
  const read = shape.safeParse(given);
  if (read.success) return read.data;
  const why = toLine(z.prettifyError(read.error), 300);
  tell(agent, { type: "trouble", text: `A signal ${name} could not be read: ${why}` });
  return undefined;
}

function takeTaskEvent(agent: Agent, { taskId: workflowId, seq, event }: TaskEvent): void {
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
      const phase = { status: "waiting", waitingOn } as const;
      tell(agent, { type: "task", taskId, agent: task.agent, phase, text: event.why });
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

function refuse(text: string): never {
  throw ApplicationFailure.nonRetryable(text, failureTypes.messageRefused);
}

function refuseMessage({ state, settings }: Agent, given: PersonMessage): void {
  const read = personMessageShape.safeParse(given);
  if (!read.success) refuse(`The message cannot be taken: ${z.prettifyError(read.error)}`);
  const size = byteLength(given.text);
  if (size > settings.limits.maxMessageBytes) {
    refuse(
      `The message has ${size} bytes, and ${settings.limits.maxMessageBytes} is the most. Put it into a file of the workspace and name the file.`,
    );
  }
  if (state.ending) refuse("The supervisor is ending. Start a new one.");
  if (state.knownIds.includes(given.id)) return;
  if (bytesOf(state.inbox) + size > settings.limits.maxInboxBytes) {
    refuse("Too much is waiting to be read. Send it again when the supervisor has answered.");
  }
}

/** Takes a message once, however often it arrives. */
export function takeMessage(agent: Agent, message: PersonMessage): Accepted {
  const known = !takeId(agent, message.id);
  if (!known) {
    arrive(agent, { type: "message", id: message.id, text: message.text });
    agent.run.probes += 1;
  }
  return { id: message.id, known, ...(isPaused(agent) && { paused: true }) };
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

/** Signals wait for absent workers, so a third more of them may wait than updates would be let in. */
const signalledShare = 4 / 3;
const cutBytes = 500;

/**
 * A signal cannot be refused: words for which the inbox has no room enter cut, and say so. Where not
 * even that has room they are left out, counted, and told with the next words that enter.
 */
function toFit(agent: Agent, id: string, text: string): string | undefined {
  const { state, settings } = agent;
  const room = signalledShare * settings.limits.maxInboxBytes - bytesOf(state.inbox);
  // As JSON it may grow, and an item has more to it than its words.
  if (byteLength(JSON.stringify(text)) + cutBytes <= room) return text;
  if (room < 3 * cutBytes) {
    const { count, ids } = state.leftOut;
    state.leftOut = { count: count + 1, ids: [...ids, id].slice(0, 20) };
    return undefined;
  }
  const cut = cutText(text, cutBytes, "… (cut: too much was waiting, please send it again)");
  tell(agent, { type: "trouble", text: `Too much was waiting, so this was cut: ${cut}` });
  return cut;
}
