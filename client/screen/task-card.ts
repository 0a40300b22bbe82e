// One task in full.
import type { Envelope } from "../../protocol/task.ts";
import type { TaskReport, TaskView } from "../../protocol/views.ts";
import { field } from "./field.ts";
import { toCount, toElapsed, totalTokens, toUsdText } from "./figures.ts";
import type { Frame } from "./frame.ts";
import { paintStatus, toMark } from "./palette.ts";
import { toPlainText } from "./plain-text.ts";
import { renderRequest } from "./request-lines.ts";
import { toStatusText, waitsForPerson } from "./task-tree.ts";

export function renderCheck(
  task: TaskView,
  report: TaskReport | undefined,
  frame: Frame,
): readonly string[] {
  const { palette, now } = frame;
  const lines: string[] = [];
  const add = (name: string, value: string) => {
    if (value) lines.push(...field(name, toPlainText(value), frame));
  };
  const status = paintStatus(task.status, toStatusText(task), palette);
  const elapsed = toElapsed(task.startedAt, task.endedAt, now);
  lines.push(
    `${toMark(task.status, palette)} ${palette.strong(task.taskId)} ${status}, ${elapsed}`,
  );
  add("task", task.description);
  if (task.attempt) add("attempt", `${task.attempt}, begun ${task.startedAt}`);
  if (task.pausedAt) add("paused", `since ${task.pausedAt}`);
  if (!task.requests || !waitsForPerson(task)) add("why", task.why ?? "");
  for (const request of task.requests ?? []) {
    lines.push(...renderRequest(task.taskId, request, frame));
  }
  add("turn", `${report?.turn ?? task.turn}, ${toUsageText(report ?? task)}`);
  for (const { noteId, turn, at } of task.receipts)
    add("note", `${noteId} seen at turn ${turn}, ${at}`);
  for (const note of report?.unseenNotes ?? []) add("note", `${note} not seen yet`);
  if (!task.result) add("last", report?.lastText ?? "");
  if (task.result) addResult(task.result, add);
  if (report?.turns) add("turns", report.turns.join("\n"));
  if (report?.transcript) add("said", report.transcript);
  return lines;
}

function addResult(result: Envelope, add: (name: string, value: string) => void): void {
  add("result", result.summary);
  add("open", result.notDone);
  add("in doubt", result.inDoubt.join("\n"));
  add("unseen", result.unseen.join(", "));
  add("files", result.artifacts.join("\n"));
  add("stale", result.stale.join("\n"));
}

function toUsageText({ usage }: Pick<TaskView, "usage">): string {
  const calls = `${usage.calls} model call${usage.calls === 1 ? "" : "s"}`;
  return `${calls}, ${toCount(totalTokens(usage))} tokens, ${toUsdText(usage.usd)}`;
}
