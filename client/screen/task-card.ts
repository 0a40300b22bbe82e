// One task in full.
import type { LiveCall } from "../../protocol/live-call.ts";
import type { Envelope, Instruction, TaskError } from "../../protocol/task.ts";
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
  {
    report,
    live,
  }: { readonly report?: TaskReport | undefined; readonly live?: LiveCall | undefined },
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
  if (!task.requests || !waitsForPerson(task)) add("why", task.why ?? "");
  for (const request of task.requests ?? []) {
    lines.push(...renderRequest(task.taskId, request, frame));
  }
  add("turn", `${report?.turn ?? task.turn}, ${toUsageText(report ?? task)}`);
  for (const { noteId, turn, at } of task.receipts)
    add("note", `${noteId} seen at turn ${turn}, ${at}`);
  for (const note of report?.unseenNotes ?? []) add("note", `${note} not seen yet`);
  if (task.instruction) add("told", toInstructionText(task.instruction));
  if (!task.result) {
    add("last", report?.lastText ?? "");
    add("tool", report ? toToolText(report) : "");
    add("says", live?.tail ?? "");
  }
  if (task.result) addResult(task.result, add);
  if (report?.turns) add("turns", report.turns.join("\n"));
  if (report?.transcript) add("said", report.transcript);
  return lines;
}

function toInstructionText({ noteId, from, text }: Instruction): string {
  return `since ${noteId} of the ${from}: ${text}`;
}

function toToolText({ lastTool, openTools = [] }: TaskReport): string {
  const last = lastTool && `${lastTool.label}${lastTool.failed ? ", failed" : ""}`;
  return [...openTools.map((label) => `${label}, running`), ...(last ? [last] : [])].join("\n");
}

function addResult(result: Envelope, add: (name: string, value: string) => void): void {
  add("result", result.summary);
  add("open", result.notDone);
  add("in doubt", result.inDoubt.join("\n"));
  add("unseen", result.unseen.join(", "));
  if (result.error) add("error", toErrorText(result.error));
  add("files", [...(result.files ?? []), ...result.artifacts].join("\n"));
  add("rests on", result.evidence?.join("\n") ?? "");
  add("stale", result.stale.join("\n"));
}

function toErrorText({ type, attempts, retryable }: TaskError): string {
  const tried = attempts === undefined ? "" : `, ${attempts} attempt${attempts === 1 ? "" : "s"}`;
  return `${type}${tried}, ${retryable ? "may work at another time" : "stays wrong until something is changed"}`;
}

function toUsageText({ usage }: Pick<TaskView, "usage">): string {
  const calls = `${usage.calls} model call${usage.calls === 1 ? "" : "s"}`;
  return `${calls}, ${toCount(totalTokens(usage))} tokens, ${toUsdText(usage.usd)}`;
}
