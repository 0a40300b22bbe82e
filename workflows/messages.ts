// The handlers of an agent: they push and return.
import { ApplicationFailure, setHandler } from "@temporalio/workflow";
import { failureTypes } from "../protocol/failures.ts";
import {
  type Accepted,
  beginSignal,
  cancelReasonSignal,
  checkTaskQuery,
  endSignal,
  feedQuery,
  listTasksQuery,
  type PersonMessage,
  resumeSignal,
  sendMessageSignal,
  sendMessageUpdate,
  type SteeringNote,
  type TaskEvent,
  taskEventSignal,
  transcriptEndQuery,
  transcriptQuery,
  updateTaskSignal,
} from "../protocol/messages.ts";
import { byteLength, cutText } from "../protocol/text.ts";
import { type Agent, arrive, interrupt, modelOf, takeId, tell } from "./agent.ts";
import { publish } from "./display.ts";
import { readFeed } from "./feed.ts";
import { bytesOf } from "./inbox.ts";
import { toReport, toSupervisorStatus, toTaskView } from "./report.ts";
import { addReceipt, findTask, moveOnBoard, takeSeq } from "./task-board.ts";
import { beginQueued } from "./slots.ts";
import { toPage } from "./transcript.ts";

/** What both kinds of agent answer. */
export function answerQueries(agent: Agent): void {
  const { state } = agent;
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
  setHandler(checkTaskQuery, (detail) => toReport(agent, detail));
  setHandler(listTasksQuery, () => state.board.tasks.map((task) => toTaskView(agent, task)));
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
  setHandler(taskEventSignal, (news) => takeTaskEvent(agent, news));
  setHandler(resumeSignal, () => {
    agent.run.probes += 1;
  });
}

function takeTaskEvent(agent: Agent, { taskId, seq, event }: TaskEvent): void {
  const { state } = agent;
  const task = findTask(state.board, taskId);
  const taken = takeSeq(state.board, taskId, seq);
  if (!task || !taken) return;
  state.board = taken;
  switch (event.type) {
    case "receipt":
      state.board = addReceipt(state.board, taskId, event.receipt);
      tell(agent, { type: "receipt", taskId, receipt: event.receipt });
      break;
    case "waiting": {
      const { waitingOn } = event;
      state.board = moveOnBoard(state.board, taskId, { type: "waiting", waitingOn });
      const phase = { status: "waiting", waitingOn } as const;
      tell(agent, { type: "task", taskId, agent: task.agent, phase, text: event.why });
      break;
    }
    case "resumed":
      state.board = moveOnBoard(state.board, taskId, { type: "resumed" });
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
  setHandler(sendMessageSignal, (message) => {
    takeMessage(agent, message);
  });
  setHandler(endSignal, () => {
    agent.state.ending = true;
    interrupt(agent);
  });
}

function refuse(text: string): never {
  throw ApplicationFailure.nonRetryable(text, failureTypes.messageRefused);
}

function refuseMessage({ state, settings }: Agent, message: PersonMessage): void {
  const size = byteLength(message.text);
  if (message.text.trim() === "") refuse("The message is empty. Say what you want.");
  if (size > settings.limits.maxMessageBytes) {
    refuse(
      `The message has ${size} bytes, and ${settings.limits.maxMessageBytes} is the most. Put it into a file of the workspace and name the file.`,
    );
  }
  if (state.ending) refuse("The supervisor is ending. Start a new one.");
  if (state.knownIds.includes(message.id)) return;
  if (bytesOf(state.inbox) + size > settings.limits.maxInboxBytes) {
    refuse("Too much is waiting to be read. Send it again when the supervisor has answered.");
  }
}

/** Takes a message once, however often it arrives. A signal cannot be refused, so a blank one is dropped here. */
export function takeMessage(agent: Agent, message: PersonMessage): Accepted {
  const known = message.text.trim() === "" || !takeId(agent, message.id);
  if (!known) {
    arrive(agent, { type: "message", id: message.id, text: message.text });
    agent.run.probes += 1;
  }
  return { id: message.id, known };
}

/** What a task is told by the agent that started it, and by a person. */
export function takeSteering(agent: Agent): void {
  const { state } = agent;
  setHandler(beginSignal, () => {
    state.begun = true;
  });
  setHandler(cancelReasonSignal, (reason) => {
    state.cancelReason = reason;
  });
  setHandler(updateTaskSignal, (note) => {
    if (!takeId(agent, note.noteId)) return;
    arrive(agent, { type: "note", note: toFit(agent, note) });
    agent.run.probes += 1;
    if (note.when === "now") interrupt(agent);
  });
}

/** A signal cannot be refused: a note for which the inbox has no room enters cut, and says so. */
function toFit({ state, settings }: Agent, note: SteeringNote): SteeringNote {
  const room = settings.limits.maxInboxBytes - bytesOf(state.inbox);
  if (byteLength(note.message) <= room) return note;
  return {
    ...note,
    message: cutText(note.message, 500, "… (cut: too much was waiting to be read)"),
  };
}
