// Supervisors, each with its tasks below it.
import { scriptedBackend } from "../../protocol/models.ts";
import type { Agents } from "../list-executions.ts";
import type { LiveCalls } from "../live-calls.ts";
import { isOver, type SupervisorView } from "../supervisor-view.ts";
import { toCount, toElapsed, totalTokens } from "./figures.ts";
import type { Frame } from "./frame.ts";
import { groupBy } from "./group-by.ts";
import { toAttemptText } from "./live-text.ts";
import type { Palette } from "./palette.ts";
import { toPlainLine } from "./plain-text.ts";
import { renderListed } from "./request-lines.ts";
import { renderTree } from "./task-tree.ts";
import { cutLine } from "./wrap-text.ts";

/** One supervisor: all of it. Several: those that run, and how many have ended. */
export function renderAgents(
  { supervisors, tasks }: Agents,
  frame: Frame,
  calls: LiveCalls = new Map(),
): readonly string[] {
  const shown = supervisors.length === 1 ? supervisors : supervisors.filter((one) => !isOver(one));
  const ended = supervisors.length - shown.length;
  const groups = groupBy(tasks, (task) => rootOf(task.taskId, tasks));
  const lines = shown.flatMap((supervisor) => [
    ...renderSupervisor(supervisor, frame, calls),
    ...indent(
      renderTree(groups.get(supervisor.id) ?? [], { ...frame, width: frame.width - 2 }, calls),
    ),
  ]);
  if (lines.length === 0 || ended === 0) return lines;
  const more = `${ended} more ${ended === 1 ? "has" : "have"} ended`;
  return [...lines, frame.palette.faint(cutLine(more, frame.width))];
}

function renderSupervisor(view: SupervisorView, frame: Frame, calls: LiveCalls): readonly string[] {
  const { palette, now, width } = frame;
  const figures = [
    `turn ${view.turn}`,
    toElapsed(view.startedAt, view.endedAt, now),
    toCount(totalTokens(view.usage)),
    view.backend === scriptedBackend ? "scripted" : "",
    toPlainLine(view.workspace),
  ].filter(Boolean);
  const isPausing = view.pausedAt !== undefined && view.status === "thinking";
  const head = `${palette.strong(view.id)} ${paint(view, palette)}${isPausing ? ", pausing" : ""}`;
  const lines = [`${head}  ${palette.faint(figures.join("  "))}`];
  const { requests = [] } = view;
  if (view.why && requests.length === 0) lines.push(`  ${palette.wait(toPlainLine(view.why))}`);
  const attempt = toAttemptText(calls.get(view.id));
  if (attempt) lines.push(`  ${palette.wait(attempt)}`);
  if (view.trouble) lines.push(`  ${palette.wait(`trouble: ${toPlainLine(view.trouble.text)}`)}`);
  const asked = renderListed(view.id, requests, frame);
  return [...lines.map((line) => cutLine(line, width)), ...asked];
}

function paint({ status }: SupervisorView, palette: Palette): string {
  if (status === "waiting") return palette.wait(status);
  if (status === "failed") return palette.bad(status);
  return status === "thinking" ? palette.busy(status) : palette.faint(status);
}

/** Follows the parents upwards. The last id that is no task here is the supervisor's. */
function rootOf(taskId: string, tasks: Agents["tasks"]): string {
  const parents = new Map(tasks.map((task) => [task.taskId, task.parentId ?? ""]));
  let id = taskId;
  while (parents.has(id)) id = parents.get(id) ?? "";
  return id;
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
