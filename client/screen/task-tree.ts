// Tasks as a tree, one or two lines each.
import stringWidth from "string-width";
import type { Owned } from "../../protocol/claims.ts";
import type { LiveCall } from "../../protocol/live-call.ts";
import type { WaitingReason } from "../../protocol/task.ts";
import type { TaskView } from "../../protocol/views.ts";
import type { LiveCalls } from "../live-calls.ts";
import { toCount, toElapsed, totalTokens } from "./figures.ts";
import type { Frame } from "./frame.ts";
import { groupBy } from "./group-by.ts";
import { toAttemptText } from "./live-text.ts";
import { paintStatus, toMark } from "./palette.ts";
import { toPlainLine } from "./plain-text.ts";
import { renderListed } from "./request-lines.ts";
import { cutLine, wrapText } from "./wrap-text.ts";

/** A title with less room than this takes a line of its own, so that no status and no figure is cut. */
const leastTitle = 12;

/** Parents before their children, each in the order of its start. */
export function renderTree(
  tasks: readonly TaskView[],
  frame: Frame,
  calls: LiveCalls = new Map(),
): readonly string[] {
  const known = new Set(tasks.map(({ taskId }) => taskId));
  const parentOf = ({ parentId }: TaskView) =>
    parentId !== null && known.has(parentId) ? parentId : "";
  const children = groupBy(tasks, parentOf);
  const siblings = (parentId: string) => children.get(parentId) ?? [];
  const columns = toColumns(tasks, toHeight("", siblings), frame);
  const walk = (parentId: string, level: number): string[] =>
    siblings(parentId).flatMap((task, index): string[] => [
      ...renderTask(task, level, frame, columns),
      ...renderWhy(task, siblings(parentId)[index + 1], level, frame),
      ...renderNews(task, calls.get(task.taskId), frame),
      ...renderListed(task.taskId, task.requests ?? [], frame),
      ...walk(task.taskId, level + 1),
    ]);
  return walk("", 0);
}

interface Columns {
  readonly status: number;
  readonly id: number;
  readonly figures: number;
  /** Everything of a task has room in one line. */
  readonly oneLine: boolean;
}

const deepestIndent = 4;

function toColumns(tasks: readonly TaskView[], height: number, { width, now }: Frame): Columns {
  const widest = (toText: (task: TaskView) => string): number =>
    Math.max(0, ...tasks.map((task) => toText(task).length));
  const status = widest(toStatusText);
  const id = widest(({ taskId }) => taskId);
  const figures = widest((task) => toFigures(task, now));
  const indent = 2 * Math.min(Math.max(0, height - 1), deepestIndent);
  const taken = indent + 2 + status + 1 + 2 + id + 2 + figures;
  return { status, id, figures, oneLine: width - taken >= leastTitle };
}

/** Levels of tasks below an agent. */
function toHeight(id: string, siblings: (id: string) => readonly TaskView[]): number {
  return Math.max(0, ...siblings(id).map(({ taskId }) => 1 + toHeight(taskId, siblings)));
}

function renderTask(task: TaskView, level: number, frame: Frame, columns: Columns): string[] {
  const { palette, width } = frame;
  const mark = `${"  ".repeat(Math.min(level, deepestIndent))}${toMark(task.status, palette)} `;
  const status = paintStatus(task.status, toStatusText(task), palette);
  if (columns.oneLine) {
    const left = `${mark}${fit(status, columns.status)}`;
    const figures = fit(toFigures(task, frame.now), columns.figures);
    const right = `${palette.faint(fit(task.taskId, columns.id))}  ${figures}`;
    const room = width - stringWidth(left) - stringWidth(right) - 3;
    return [`${left} ${fit(toHead(task), room)}  ${right}`];
  }
  const indent = " ".repeat(stringWidth(mark));
  return [
    `${mark}${status} ${toHead(task)}`,
    `${indent}${palette.faint(task.taskId)} ${toShortFigures(task, frame.now)}`,
  ].map((line) => cutLine(line, width));
}

/** Lines of a reason. It ends with what helps. */
const mostWhy = 3;

const outages: ReadonlySet<WaitingReason> = new Set(["model", "quota", "host", "budget"]);

/** Why a task cannot go on, below the last of those that follow each other with the same words. */
function renderWhy(
  task: TaskView,
  next: TaskView | undefined,
  level: number,
  { palette, width }: Frame,
): string[] {
  if (!task.why || next?.why === task.why) return [];
  if (!task.waitingOn.some((reason) => outages.has(reason))) return [];
  const indent = "  ".repeat(Math.min(level, deepestIndent) + 1);
  const lines = wrapText(toPlainLine(task.why), Math.max(8, width - indent.length));
  return lines.slice(0, mostWhy).map((line) => `${indent}${palette.wait(line)}`);
}

/** What a running task has found and owns, and whether it gets on, each in a line. */
function renderNews(
  task: TaskView,
  call: LiveCall | undefined,
  { palette, width }: Frame,
): string[] {
  const { findings, claims, trouble, endedAt } = task;
  if (endedAt !== null) return [];
  const attempt = toAttemptText(call);
  return [
    ...(attempt ? [palette.wait(attempt)] : []),
    ...(findings
      ? [palette.faint(`${findings.count} found: ${toPlainLine(findings.newest)}`)]
      : []),
    ...(claims ? [palette.faint(`owns ${toOwnedText(claims)}`)] : []),
    ...(trouble ? [palette.wait(`trouble: ${toPlainLine(trouble.text)}`)] : []),
  ].map((line) => cutLine(`    ${line}`, width));
}

function toOwnedText({ count, newest }: Owned): string {
  const more = count - newest.length;
  return `${newest.map(toPlainLine).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** `turn 3   12s  4.1k`, in columns. */
function toFigures(task: TaskView, now: Date): string {
  return [
    `turn ${task.turn}`.padEnd(7),
    toElapsed(task.startedAt, task.endedAt, now).padStart(6),
    toCount(totalTokens(task.usage)).padStart(5),
  ].join(" ");
}

/** `t3 12s 4.1k`. */
function toShortFigures(task: TaskView, now: Date): string {
  const elapsed = toElapsed(task.startedAt, task.endedAt, now);
  return `t${task.turn} ${elapsed} ${toCount(totalTokens(task.usage))}`;
}

/** Then what it asks says why. */
export function waitsForPerson({ waitingOn }: Pick<TaskView, "waitingOn">): boolean {
  return waitingOn.includes("approval") || waitingOn.includes("answer");
}

/** `waiting: model`, `waiting: event, pausing`, `failed: timeout`, `cancelled by force`. */
export function toStatusText(task: TaskView): string {
  const { status, waitingOn, reason, forced } = task;
  const words = [status, waitingOn.join(", ") || reason].filter(Boolean).join(": ");
  const isPausing = task.pausedAt !== undefined && !waitingOn.includes("paused");
  return `${words}${forced ? " by force" : ""}${isPausing ? ", pausing" : ""}`;
}

function toHead(task: TaskView): string {
  return `${task.attempt ? `attempt ${task.attempt}: ` : ""}${toTitle(task)}`;
}

/** What a description begins with: up to its first colon, else as much as fits. */
export function toTitle(task: Pick<TaskView, "description" | "agent">): string {
  const line = toPlainLine(task.description);
  const label = /^([^:]{2,40}):/.exec(line)?.[1];
  return label ?? (line || task.agent);
}

/** Exactly so wide: cut or filled up. */
function fit(text: string, width: number): string {
  const cut = cutLine(text, width);
  return cut + " ".repeat(Math.max(0, width - stringWidth(cut)));
}
