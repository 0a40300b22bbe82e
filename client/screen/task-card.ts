// One task in full.
import type { DiffSummary } from "../../protocol/isolation.ts";
import type { LiveCall } from "../../protocol/live-call.ts";
import type { Envelope, Instruction, TaskError } from "../../protocol/task.ts";
import type { TaskReport, TaskView } from "../../protocol/views.ts";
import { field } from "./field.ts";
import { toElapsed, toTokenText, toUsdText } from "./figures.ts";
import type { Frame } from "./frame.ts";
import { toAttemptText } from "./live-text.ts";
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
  add("after", task.dependsOn?.join(", ") ?? "");
  add("deadline", task.deadlineAt ?? "");
  add("then", task.onComplete ?? "");
  if (task.attempt) add("attempt", `${task.attempt}, begun ${task.startedAt}`);
  if (task.pausedAt) add("paused", `since ${task.pausedAt}`);
  if (!task.requests || !waitsForPerson(task)) add("why", task.why ?? "");
  add("trouble", task.trouble?.text ?? "");
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
    add("call", toAttemptText(live));
    add("says", live?.tail ?? "");
  }
  if (task.result) addResult(task.result, add);
  addShared(task, report, add);
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

type Add = (name: string, value: string) => void;

/** What it told the tasks beside it, and what is left to it. */
function addShared({ findings }: TaskView, report: TaskReport | undefined, add: Add): void {
  const texts = report?.findings ?? (findings ? [findings.newest] : []);
  const more = (findings?.count ?? 0) - texts.length;
  add("found", [...(more > 0 ? [`(${more} more before)`] : []), ...texts].join("\n"));
  add("owns", report?.claims?.join("\n") ?? "");
}

function addResult(result: Envelope, add: Add): void {
  add("result", result.summary);
  add("open", result.notDone);
  add("in doubt", result.inDoubt.join("\n"));
  add("unseen", result.unseen.join(", "));
  if (result.error) add("error", toErrorText(result.error));
  add("files", [...(result.files ?? []), ...result.artifacts].join("\n"));
  add("rests on", result.evidence?.join("\n") ?? "");
  add("stale", [...result.stale, result.staleUnknown ?? ""].filter(Boolean).join("\n"));
  if (result.diff) add("diff", toDiffText(result.diff));
}

function toErrorText({ type, attempts, retryable }: TaskError): string {
  const tried = attempts === undefined ? "" : `, ${attempts} attempt${attempts === 1 ? "" : "s"}`;
  return `${type}${tried}, ${retryable ? "may work at another time" : "stays wrong until something is changed"}`;
}

function toUsageText({ usage }: Pick<TaskView, "usage">): string {
  const calls = `${usage.calls} model call${usage.calls === 1 ? "" : "s"}`;
  return `${calls}, ${toTokenText(usage)}, ${toUsdText(usage.usd)}`;
}

function toDiffText({ files, insertions, deletions, outside, kept }: DiffSummary): string {
  if (kept !== undefined) return kept;
  const beside = outside ? `; outside its scope: ${outside.join(", ")}` : "";
  return `${files} files, +${insertions} -${deletions}, not applied by itself (bosun diff, bosun apply)${beside}`;
}
