// Turn after turn, until nothing is left to answer.
import type { SteeringNote } from "../../protocol/messages.ts";
import type { Instruction } from "../../protocol/task.ts";
import { cutJson, cutText, toLine } from "../../protocol/text.ts";
import { addUsage, type Block, type ModelAnswer, type ToolCall } from "../../protocol/turn.ts";
import { type Agent, arrive, isStopping, mustRoll, now, tell } from "../agent/agent.ts";
import { deliverEvents } from "../waits/background-waits.ts";
import { publish } from "../agent/display.ts";
import { TaskFailure } from "../agent/failures.ts";
import { drain, type InboxItem } from "../agent/inbox.ts";
import { takeFindings } from "../sharing/findings.ts";
import { compact } from "../transcript/compaction.ts";
import { followModel, rebuild } from "../transcript/generations.ts";
import { keepLongMessages } from "../transcript/long-messages.ts";
import { nextAnswer } from "./model-turn.ts";
import {
  closingText,
  emptyAnswerText,
  toEndNotice,
  toNotice,
  toNoteText,
} from "../transcript/notices.ts";
import { report } from "../tasks/parent.ts";
import { park } from "../handlers/pause.ts";
import { findTask } from "../tasks/board.ts";
import { markTold } from "../tasks/board-changes.ts";
import { endTrouble, takeTroubles } from "./trouble-stages.ts";
import { answerCalls, cancelCalls, closeTurn, hasOpenTurn } from "./tool-turn.ts";
import { maxTurnsOf } from "../budget/call-room.ts";
import { mayCall, outOfBudget, provide } from "../budget/spending.ts";
import {
  append,
  measure,
  toUserMessage,
  toWords,
  withoutEmptyText,
} from "../transcript/transcript.ts";

/** Why the loop came to rest: nothing left to answer, time to continue as new, told to end, or interrupted. */
type Rest = "settled" | "roll" | "ending" | "stopped";

export async function runTurns(agent: Agent): Promise<Rest> {
  for (;;) {
    if (isStopping(agent)) return "stopped";
    if (hasOpenTurn(agent) && (await answerCalls(agent)) === "roll") return "roll";
    if ((await park(agent)) === "roll") return "roll";
    await keepLongMessages(agent);
    if (isStopping(agent)) return "stopped";
    if (agent.state.ending) return "ending";
    takeInbox(agent);
    if (!agent.state.due) return "settled";
    followModel(agent);
    // What came while the transcript was told again enters before the model is asked.
    if (await compact(agent)) continue;
    if (mustRoll(agent)) return "roll";
    limitTurns(agent);
    if (!mayCall(agent)) {
      if ((await provide(agent)) === "roll") return "roll";
      continue;
    }
    const answer = await nextAnswer(agent);
    if (answer) takeAnswer(agent, answer);
  }
}

const receiptsKept = 50;

/** The step boundary: owed results and what has arrived become one new user message. */
export function takeInbox(agent: Agent): void {
  const { state } = agent;
  agent.run.interrupted = false;
  deliverEvents(agent);
  const { taken, left } = drain(state.inbox, agent.settings.limits.maxInboxBytes);
  state.inbox = left;
  const receipts = state.receipts.length;
  const arrived = [...taken.flatMap((item) => takeItem(agent, item)), ...takeLeftOut(agent)];
  const seen = state.receipts.slice(receipts).slice(-receiptsKept);
  if (seen.length > 0) report(agent, { type: "receipts", receipts: seen });
  state.receipts = state.receipts.slice(-receiptsKept);
  if (arrived.length + state.owed.length === 0) return;
  // What brings about no turn of its own comes along.
  const texts = [...arrived, ...takeTroubles(agent), ...takeFindings(agent)];
  state.generation = append(state.generation, toUserMessage(state.owed, texts));
  state.owed = [];
  state.openCalls = [];
  state.due = true;
}

/** Messages one reply can name as answered. */
const answersKept = 500;

function takeItem(agent: Agent, item: InboxItem): readonly string[] {
  const { state } = agent;
  switch (item.type) {
    case "message":
      state.answering = [...state.answering, item.id].slice(-answersKept);
      state.turnsSpent = 0;
      state.closing = false;
      endTrouble(agent);
      state.spending = { ...state.spending, closing: false, stopped: false };
      tell(agent, { type: "taken", messageId: item.id, text: toLine(item.text, 500) });
      return [item.text];
    case "note": {
      const receipt = { noteId: item.note.noteId, turn: state.turn + 1, at: now() };
      state.receipts = [...state.receipts, receipt];
      state.instruction = toInstruction(item.note);
      tell(agent, { type: "receipt", taskId: agent.taskId, receipt });
      endTrouble(agent);
      return [toNoteText(item.note)];
    }
    case "ended": {
      const task = findTask(state.board, item.taskId);
      state.board = markTold(state.board, item.taskId);
      return task ? [toEndNotice(task)] : [];
    }
    case "notice":
      return [item.text];
  }
}

function toInstruction({ noteId, from, message }: SteeringNote): Instruction {
  return { noteId, from, text: cutJson(toLine(message, 300), 300) };
}

/** What was left out is said to the model and to the person, who may send it again. */
function takeLeftOut(agent: Agent): readonly string[] {
  const { leftOut } = agent.state;
  if (leftOut.count === 0) return [];
  agent.state.leftOut = { count: 0, ids: [] };
  const text = `${leftOut.count} messages could not be taken, because too much was waiting.`;
  tell(agent, { type: "trouble", text: `${text} Send them again: ${leftOut.ids.join(", ")}` });
  return [toNotice("left_out", leftOut, `${text} Say so to whoever sent them.`)];
}

/** When the turns are used up, one last answer without tools. */
function limitTurns(agent: Agent): void {
  const { state } = agent;
  if (state.closing || state.turnsSpent < maxTurnsOf(agent)) return;
  state.closing = true;
  state.generation = append(state.generation, toUserMessage([], [closingText]));
}

export function takeAnswer(agent: Agent, answer: ModelAnswer): void {
  const { state } = agent;
  state.turn += 1;
  state.turnsSpent += 1;
  agent.run.turns += 1;
  state.usage = addUsage(state.usage, answer.usage);
  state.generation = measure(state.generation, answer);
  switch (answer.stopReason) {
    case "tool_use":
      return takeCalls(agent, answer.content);
    case "end_turn":
    case "stop_sequence":
      return takeFinal(agent, answer.content);
    case "pause_turn":
      return takePause(agent, answer.content);
    case "max_tokens":
      return takeCutOff(agent, answer.content);
    case "refusal":
      throw new TaskFailure(
        "refusal",
        `The model declined to answer${answer.stopDetail ? ` (${answer.stopDetail})` : ""}. Rephrase the request.`,
      );
    case "model_context_window_exceeded":
      return takeOverflow(agent);
    default:
      throw new TaskFailure(
        "error",
        `The model stopped for a reason Bosun does not know: ${answer.stopReason}.`,
      );
  }
}

/** Enough for an envelope and for every report. */
const lastTextBytes = 4_000;

/** An answer that counts: it enters the transcript and clears what was tried before it. */
function keep(agent: Agent, content: readonly Block[]): void {
  const { state } = agent;
  state.generation = append(state.generation, {
    role: "assistant",
    content: withoutEmptyText(content),
  });
  state.cutOff = 0;
  state.cutShort = false;
  state.reprompted = false;
  state.rebuilt = false;
  const words = toWords(content);
  if (words) state.lastText = cutText(words, lastTextBytes);
}

function takeCalls(agent: Agent, content: readonly Block[]): void {
  const { state } = agent;
  keep(agent, content);
  const words = toWords(content);
  if (words) tell(agent, { type: "aside", text: cutText(words, 1_000) });
  const calls: readonly ToolCall[] = content.flatMap((block) =>
    block.type === "tool_use" ? [{ id: block.id, name: block.name, input: block.input }] : [],
  );
  state.openCalls = calls;
  if (agent.run.interrupted) state.owed = cancelCalls(agent, calls);
}

function takeFinal(agent: Agent, content: readonly Block[]): void {
  const { state } = agent;
  const words = toWords(content);
  if (words === "" && !state.reprompted && !state.closing) {
    if (withoutEmptyText(content).length > 0) keep(agent, content);
    state.reprompted = true;
    arrive(agent, { type: "notice", text: emptyAnswerText });
    return;
  }
  if (withoutEmptyText(content).length > 0) keep(agent, content);
  state.reprompted = false;
  state.due = false;
  endTrouble(agent);
  if (agent.role === "supervisor") reply(agent, words || "(no words)");
}

const replyBytes = 16_000;

/** The supervisor's words to the person, and the messages they answer. */
function reply(agent: Agent, text: string): void {
  const { state } = agent;
  const shown = cutText(text, replyBytes, `… (the rest: bosun transcript ${agent.id})`);
  tell(agent, { type: "reply", text: shown, answers: state.answering });
  state.answering = [];
}

const pausesInARow = 5;

function takePause(agent: Agent, content: readonly Block[]): void {
  keep(agent, content);
  const last = agent.state.generation.messages.slice(-pausesInARow);
  if (last.length === pausesInARow && last.every((message) => message.role === "assistant")) {
    throw new TaskFailure("error", "The model paused its turn again and again without an answer.");
  }
}

/** Answers cut off for length that are asked for again. The next one is taken as it is. */
const mostCutOffs = 2;

/** A cut answer is discarded, for its last tool call may be half a call, and asked for again with more room. */
function takeCutOff(agent: Agent, content: readonly Block[]): void {
  const { state } = agent;
  if (state.cutOff < mostCutOffs && !state.closing) {
    state.cutOff += 1;
    return;
  }
  if (content.some((block) => block.type === "tool_use") || toWords(content) === "") {
    if (state.spending.closing) throw outOfBudget(agent);
    throw new TaskFailure(
      "error",
      "The model's answer did not fit into the largest allowed length. Ask for less at a time.",
    );
  }
  takeFinal(agent, [...content]);
  // A task's envelope says so, unless something else is said after it.
  state.cutShort = true;
}

function takeOverflow(agent: Agent): void {
  const message = "The conversation no longer fits into the model's window.";
  if (agent.state.rebuilt) throw new TaskFailure("error", message);
  agent.state.rebuilt = true;
  rebuild(agent, { type: "model_context_window_exceeded", message });
}

/** After a turn that failed for good: the transcript waits for the next message. */
export function giveUpTurn(agent: Agent, text: string): void {
  const { state } = agent;
  closeTurn(agent, "Not run: the turn was given up.");
  endTrouble(agent);
  state.due = false;
  state.cutOff = 0;
  state.rebuilt = false;
  state.reprompted = false;
  state.parked = 0;
  reply(agent, text);
  publish(agent);
}
