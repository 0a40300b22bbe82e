// A feed entry, as lines to append to a log.
import type { FeedEntry, FeedEvent } from "../../protocol/feed.ts";
import type { SettledRequest } from "../../protocol/requests.ts";
import type { TaskPhase } from "../../protocol/task.ts";
import type { Frame } from "./frame.ts";
import { type Palette, paintStatus } from "./palette.ts";
import { toPlainLine, toPlainText } from "./plain-text.ts";
import { waitsForPerson } from "./task-tree.ts";
import { cutLine, wrapText } from "./wrap-text.ts";

interface LineFrame extends Pick<Frame, "width" | "palette"> {
  /** What comes before each entry's first line. Further lines are indented as far. */
  readonly stamp: string;
}

export function renderEntry(entry: FeedEntry, frame: LineFrame): readonly string[] {
  return layOut(toWords(entry.event, frame.palette), frame);
}

/** Wraps a text to the width, behind its stamp. */
export function layOut(text: string, frame: LineFrame): readonly string[] {
  const indent = frame.stamp.length;
  const lines = wrapText(text, Math.max(20, frame.width - indent));
  return lines.map((line, index) =>
    `${index === 0 ? frame.palette.faint(frame.stamp) : " ".repeat(indent)}${line}`.trimEnd(),
  );
}

function toWords(event: FeedEvent, palette: Palette): string {
  switch (event.type) {
    case "taken":
      return `${palette.strong("you:")} ${toPlainText(event.text)}`;
    case "reply":
      return `${palette.strong(toSpeaker(event.answers))} ${toPlainText(event.text)}`;
    case "aside":
      return palette.faint(`supervisor: ${toPlainText(event.text)}`);
    case "tool":
      return palette.faint(`tool: ${toPlainLine(event.label)}${event.failed ? " (failed)" : ""}`);
    case "task":
      return toTaskWords(event, palette);
    case "note":
      return `note ${shortId(event.noteId)} to ${event.taskId}: ${toPlainLine(event.text)}`;
    case "receipt":
      return palette.good(
        `receipt: ${event.taskId} saw note ${shortId(event.receipt.noteId)} at turn ${event.receipt.turn}`,
      );
    case "request":
      return palette.wait(
        `${event.kind === "answer" ? "question" : "approval"} ${event.requestId}: ${toPlainText(event.kind === "answer" ? event.text : event.label)}`,
      );
    case "decision":
      return toDecisionWords(event.decision);
    case "finding":
      return `finding of ${event.taskId}: ${toPlainLine(event.text)}`;
    case "claim":
      return `task ${event.taskId} owns: ${toPlainLine(event.key)}`;
    case "trouble":
      return palette.wait(`trouble: ${toPlainText(event.text)}`);
    case "control":
      return palette.strong(`${event.what}: `) + toPlainText(event.text);
    case "budget":
      return palette.wait(`budget: ${toPlainText(event.text)}`);
    case "generation":
      return palette.faint(`generation ${event.generation}: ${toPlainText(event.text)}`);
    case "ended":
      return "the supervisor has ended";
  }
}

function toDecisionWords({ requestId, outcome, by }: SettledRequest): string {
  const words = { approve: "approved", deny: "denied", answer: "answered" };
  const how = outcome in words ? words[outcome as keyof typeof words] : outcome;
  return `request ${requestId} ${how}${by ? ` by ${toPlainLine(by)}` : ""}`;
}

/** Words that answer nobody were brought about by a task's end. */
function toSpeaker(answers: readonly string[]): string {
  return answers.length > 0 ? "supervisor:" : "supervisor, woken:";
}

/** Whether an agent comes to a stop until a person has decided. */
export function asksPerson(event: FeedEvent): boolean {
  if (event.type === "request") return true;
  return event.type === "task" && event.phase.status === "waiting" && waitsForPerson(event.phase);
}

/** More of a description or summary is for `bosun check`. */
const taskTextColumns = 160;

function toTaskWords(event: Extract<FeedEvent, { type: "task" }>, palette: Palette): string {
  const { phase, taskId } = event;
  const status = paintStatus(phase.status, toPhaseText(phase), palette);
  const text = toPlainLine(event.text) || toSlotWords(phase);
  // What a person is asked is said in full.
  const shown = asksPerson(event) ? text : cutLine(text, taskTextColumns);
  return `task ${taskId} ${status}${text ? `: ${shown}` : ""}`;
}

/** It gave its slot back while it waited for a person. */
function toSlotWords(phase: TaskPhase): string {
  const waits = phase.status === "waiting" && phase.waitingOn.includes("slot");
  return waits ? "it goes on when one is free" : "";
}

function toPhaseText(phase: TaskPhase): string {
  switch (phase.status) {
    case "waiting":
      return `waiting on ${phase.waitingOn.join(", ")}`;
    case "failed":
      return `failed (${phase.reason})`;
    case "cancelled":
      return phase.forced ? "cancelled by force" : "cancelled";
    case "queued":
    case "running":
    case "completed":
      return phase.status;
  }
}

/** A note's id is for machines: its beginning tells two apart. */
function shortId(id: string): string {
  return id.slice(0, 8);
}
