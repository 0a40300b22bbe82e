// What a check of a task says to the model that asked.
import type { TaskReading } from "../../protocol/activities.ts";
import type { LiveCall } from "../../protocol/live-call.ts";
import { isEnded, type TaskPhase } from "../../protocol/task.ts";
import { cutJson, newest, toLine } from "../../protocol/text.ts";
import type { CheckDetail, TaskView } from "../../protocol/views.ts";
import { toEndedTask } from "../transcript/notices.ts";
import type { BoardTask } from "./board.ts";

interface Checked {
  readonly task: BoardTask;
  readonly detail: CheckDetail;
  /** Missing when it was not asked for, or nobody answered in time. */
  readonly reading?: TaskReading | undefined;
  /** Nobody answered in time. */
  readonly unread: boolean;
  readonly now: string;
  /** What else the one who asks knows of it. */
  readonly beside?: object;
}

/** Bounded at every level of detail by `checkBytes`. */
export function toCheckAnswer({ task, detail, reading, unread, now, beside }: Checked): object {
  const phase = phaseNow(task, reading?.view);
  const envelope = task.envelope ?? reading?.view.result;
  const asOf = reading?.report?.asOf ?? reading?.view.asOf ?? now;
  const note = toNote(task, detail, reading, unread);
  return {
    task_id: task.taskId,
    agent: task.agent,
    description: cutJson(task.description, 500),
    ...(task.attempt && { attempt: task.attempt }),
    ...toPhaseWords(phase),
    ...toOptions(task, 1_000),
    ...toTimes(task, reading?.view, now),
    receipts: newest(task.receipts, { count: 10, bytes: 1_500 }),
    as_of: asOf,
    ...(reading && toProgress(reading)),
    ...(reading && !isEnded(phase) && toDoing(reading)),
    ...beside,
    ...(note && { note }),
    ...(envelope && { result: toEndedTask({ ...task, envelope }) }),
  };
}

/** The task's own state is newer than the board, save that a board's end is final. */
export function phaseNow(task: BoardTask, view: TaskView | undefined): TaskPhase {
  if (!view || isEnded(task.phase)) return task.phase;
  switch (view.status) {
    case "waiting":
      return { status: "waiting", waitingOn: view.waitingOn };
    case "queued":
    case "running":
      return { status: view.status };
    default:
      // Who stopped it is known only once its end is heard.
      return view.result ? endOf(view) : task.phase;
  }
}

function endOf({ status, reason = "error", forced }: TaskView): TaskPhase {
  if (status === "failed") return { status, reason };
  if (status === "cancelled") return { status, ...(forced && { forced }) };
  return { status: "completed" };
}

export function toPhaseWords(phase: TaskPhase): object {
  return {
    status: phase.status,
    ...(phase.status === "waiting" && { waiting_on: phase.waitingOn }),
    ...(phase.status === "failed" && { reason: phase.reason }),
    ...(phase.status === "cancelled" && phase.forced && { forced: true }),
  };
}

/** What the task was started with. In an answer with its result, `on_complete` stands there. */
export function toOptions(task: BoardTask, mostBytes: number): object {
  const { onComplete, deadlineAt, dependsOn } = task;
  return {
    ...(onComplete && { on_complete: toLine(onComplete, mostBytes) }),
    ...(deadlineAt && { deadline: deadlineAt }),
    ...(dependsOn && {
      depends_on: dependsOn.map(({ taskId, ended }) => ({
        task_id: taskId,
        status: ended ?? "open",
      })),
    }),
  };
}

function toTimes(task: BoardTask, view: TaskView | undefined, now: string): object {
  const endedAt = task.endedAt ?? view?.endedAt ?? undefined;
  const until = Date.parse(endedAt ?? view?.asOf ?? now);
  const seconds = Math.max(0, Math.round((until - Date.parse(task.startedAt)) / 1_000));
  return {
    started_at: task.startedAt,
    ...(endedAt !== undefined && { ended_at: endedAt }),
    ...(Number.isFinite(seconds) && { elapsed_seconds: seconds }),
  };
}

/** How far it is, and what it has done. */
function toProgress({ view, report }: TaskReading): object {
  const { instruction } = view;
  return {
    turn: report?.turn ?? view.turn,
    usage: report?.usage ?? view.usage,
    ...(instruction && { latest_instruction: instruction }),
    ...(report?.lastTool && { last_tool: report.lastTool }),
    ...(report?.unseenNotes.length && { unseen_notes: report.unseenNotes }),
    ...(report?.lastText && { last_text: report.lastText }),
    ...(report?.turns && { turns: report.turns }),
    ...(report?.transcript && { transcript: report.transcript }),
  };
}

const shownRequests = 3;

/** What it does at this moment, or waits for. */
function toDoing({ view, report, live }: TaskReading): object {
  const { why, requests = [] } = view;
  const asks = requests.slice(0, shownRequests).map(({ requestId, kind, tool, label, text }) => ({
    request_id: requestId,
    kind,
    tool,
    label: cutJson(label, 200),
    text: cutJson(text, 500),
  }));
  return {
    ...(why && view.status === "waiting" && { why: cutJson(why, 500) }),
    ...(asks.length > 0 && { asks_a_person: asks }),
    ...(requests.length > shownRequests && { more_requests: requests.length - shownRequests }),
    ...(report?.openTools && { running_tools: report.openTools }),
    ...(live && { answer_under_way: toAnswer(live) }),
  };
}

function toAnswer({ phase, bytes, tail, attempt, lastFailure }: LiveCall): object {
  return {
    phase,
    bytes,
    ...(tail && { newest_words: cutJson(tail, 500) }),
    ...(attempt > 1 && { attempt }),
    ...(lastFailure && { last_failure: cutJson(lastFailure, 300) }),
  };
}

function toNote(
  task: BoardTask,
  detail: CheckDetail,
  reading: TaskReading | undefined,
  unread: boolean,
): string | undefined {
  const hasResult = task.envelope !== undefined || reading?.view.result !== undefined;
  if (isEnded(task.phase) && !hasResult) {
    return unread
      ? "It has ended, and its result could not be read just now. That says nothing about the result: check it again."
      : "It has ended, and its result is no longer kept.";
  }
  if (unread) return "The task did not answer in time: this is what was last heard of it.";
  if (reading && !reading.report && detail !== "status") {
    return "Its own account could not be read just now, so only the status is here. Check it again for more.";
  }
  return undefined;
}
