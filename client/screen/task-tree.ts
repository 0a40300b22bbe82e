// Tasks as a tree, one or two lines each.
import stringWidth from "string-width";
import type { WaitingReason } from "../../protocol/task.ts";
import type { TaskView } from "../../protocol/views.ts";
import { toCount, toElapsed, totalTokens } from "./figures.ts";
import type { Frame } from "./frame.ts";
import { groupBy } from "./group-by.ts";
import { paintStatus, toMark } from "./palette.ts";
import { toPlainLine } from "./plain-text.ts";
import { renderListed } from "./request-lines.ts";
import { cutLine } from "./wrap-text.ts";

/** Below this a task takes two lines. */
const wideWidth = 76;

/** Parents before their children, each in the order of its start. */
export function renderTree(tasks: readonly TaskView[], frame: Frame): readonly string[] {
  const known = new Set(tasks.map(({ taskId }) => taskId));
  const parentOf = ({ parentId }: TaskView) =>
    parentId !== null && known.has(parentId) ? parentId : "";
  const children = groupBy(tasks, parentOf);
  const columns = {
    status: Math.max(0, ...tasks.map((task) => toStatusText(task).length)),
    id: Math.max(0, ...tasks.map((task) => task.taskId.length)),
  };
  const siblings = (parentId: string) => children.get(parentId) ?? [];
  const walk = (parentId: string, level: number): string[] =>
    siblings(parentId).flatMap((task, index): string[] => [
      ...renderTask(task, level, frame, columns),
      ...renderWhy(task, siblings(parentId)[index + 1], level, frame),
      ...renderNews(task, frame),
      ...renderListed(task.taskId, task.requests ?? [], frame),
      ...walk(task.taskId, level + 1),
    ]);
  return walk("", 0);
}

interface Columns {
  readonly status: number;
  readonly id: number;
}

function renderTask(task: TaskView, level: number, frame: Frame, columns: Columns): string[] {
  const { palette, width } = frame;
  const mark = `${"  ".repeat(Math.min(level, 4))}${toMark(task.status, palette)} `;
  const status = paintStatus(task.status, toStatusText(task), palette);
  if (width >= wideWidth) {
    const left = `${mark}${fit(status, Math.min(22, columns.status))}`;
    const right = `${palette.faint(fit(task.taskId, columns.id))}  ${toFigures(task, frame.now)}`;
    const room = width - stringWidth(left) - stringWidth(right) - 3;
    return [cutLine(`${left} ${fit(toHead(task), Math.max(8, room))}  ${right}`, width)];
  }
  const indent = " ".repeat(stringWidth(mark));
  return [
    `${mark}${status} ${toHead(task)}`,
    `${indent}${palette.faint(task.taskId)} ${toShortFigures(task, frame.now)}`,
  ].map((line) => cutLine(line, width));
}

const outages: ReadonlySet<WaitingReason> = new Set(["model", "quota", "host"]);

/** Why a task cannot go on, below the last of those that follow each other with the same words. */
function renderWhy(
  task: TaskView,
  next: TaskView | undefined,
  level: number,
  { palette, width }: Frame,
): string[] {
  if (!task.why || next?.why === task.why) return [];
  if (!task.waitingOn.some((reason) => outages.has(reason))) return [];
  const indent = "  ".repeat(Math.min(level, 4) + 1);
  return [cutLine(`${indent}${palette.wait(toPlainLine(task.why))}`, width)];
}

/** What a running task has found, and whether it gets on, each in a line. */
function renderNews({ findings, trouble, endedAt }: TaskView, { palette, width }: Frame): string[] {
  if (endedAt !== null) return [];
  const found = findings && `${findings.count} found: ${toPlainLine(findings.newest)}`;
  return [
    ...(found ? [cutLine(`    ${palette.faint(found)}`, width)] : []),
    ...(trouble
      ? [cutLine(`    ${palette.wait(`trouble: ${toPlainLine(trouble.text)}`)}`, width)]
      : []),
  ];
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

/** `waiting: model`, `running, pausing`, `failed: timeout`, `cancelled by force`. */
export function toStatusText(task: TaskView): string {
  if (task.pausedAt && !task.waitingOn.includes("paused")) return `${task.status}, pausing`;
  if (task.waitingOn.length > 0) return `${task.status}: ${task.waitingOn.join(", ")}`;
  if (task.reason) return `${task.status}: ${task.reason}`;
  return task.forced ? `${task.status} by force` : task.status;
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
