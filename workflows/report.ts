// An agent's account of itself, bounded.
import type { SupervisorStatus } from "../protocol/feed.ts";
import type { TaskPhase } from "../protocol/task.ts";
import { byteLength, cutText, toLine } from "../protocol/text.ts";
import type { Message } from "../protocol/turn.ts";
import type { CheckDetail, TaskReport } from "../protocol/views.ts";
import { type Agent, now } from "./agent.ts";
import { toPlainText } from "./digest.ts";

function toTaskPhase({ state }: Agent): TaskPhase {
  const { phase } = state;
  switch (phase.status) {
    case "thinking":
    case "ending":
      return { status: "running" };
    case "idle":
      return { status: "waiting", waitingOn: [] };
    case "waiting":
      return { status: "waiting", waitingOn: "waitingOn" in phase ? phase.waitingOn : [] };
    default:
      return phase;
  }
}

export function toSupervisorStatus({ state }: Agent): SupervisorStatus {
  if (state.ending) return "ending";
  const { status } = state.phase;
  return status === "thinking" || status === "waiting" ? status : "idle";
}

/** One agent, at a level of detail. Each level is bounded. */
export function toReport(agent: Agent, detail: CheckDetail): TaskReport {
  const { state } = agent;
  const base: TaskReport = {
    phase: toTaskPhase(agent),
    turn: state.turn,
    usage: state.usage,
    receipts: state.receipts,
    unseenNotes: state.inbox
      .flatMap((item) => (item.type === "note" ? [item.note.noteId] : []))
      .slice(0, 50),
    asOf: now(),
  };
  const digest = {
    ...base,
    lastText: cutText(state.lastText, 1_000),
    ...(state.posted.count > 0 && { findings: state.posted.texts }),
    ...(state.claimed.length > 0 && { claims: state.claimed }),
  };
  const { messages } = state.generation;
  switch (detail) {
    case "status":
      return base;
    case "digest":
      return digest;
    case "turns":
      return { ...digest, turns: toTurns(messages) };
    case "full":
      return { ...digest, turns: toTurns(messages), transcript: toNewest(messages) };
  }
}

const shownTurns = 40;

/** One line for each of the newest answers: what it said and what it called. */
function toTurns(messages: readonly Message[]): readonly string[] {
  return messages
    .filter((message) => message.role === "assistant")
    .slice(-shownTurns)
    .map((message) => toLine(toPlainText(message).replace("assistant: ", ""), 200));
}

const fullBytes = 12_000;

function toNewest(messages: readonly Message[]): string {
  const kept: string[] = [];
  let room = fullBytes;
  for (const message of messages.toReversed()) {
    const text = cutText(toPlainText(message), 2_000);
    room -= byteLength(text);
    if (room < 0) break;
    kept.unshift(text);
  }
  return kept.join("\n\n");
}
