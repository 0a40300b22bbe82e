// What a supervisor says about the results it just got.
import type { Conversation, ToolRun } from "../conversation.ts";
import { findCheck, headlines } from "./report.ts";
import { firstLine, toJsonResult, textOf } from "./tool-text.ts";
import { readTasks, readTour, reportPath, toLabel } from "./tour.ts";

export function describeResults(conversation: Conversation): string[] {
  return conversation.latest.runs.flatMap((run) => describe(run, conversation));
}

function describe(run: ToolRun, conversation: Conversation): string[] {
  const data = toJsonResult(run);
  const target = nameTask(textOf(run.input["task_id"]), conversation);
  if (run.name === "write_file") return describeReport(run, conversation);
  if (run.result?.isError) return [`${run.name} failed: ${firstLine(run.result.text)}`];
  switch (run.name) {
    case "start_async_task": {
      const label = toLabel(textOf(run.input["description"]));
      return [
        `Started ${label}: ${textOf(data["task_id"])} (${textOf(data["agent"])}, ${textOf(data["status"])}).`,
      ];
    }
    case "list_async_tasks":
      return describeList(data);
    case "update_async_task":
      return [`Note ${textOf(data["note_id"])} sent to ${target}: ${textOf(run.input["message"])}`];
    case "cancel_async_task":
      return [`Cancelling ${target}.`];
    case "check_async_task":
      return isCollected(run, conversation) ? [] : describeCheck(data);
    case "task":
      return [
        `${textOf(data["task_id"])} ${textOf(data["status"])}: ${textOf(data["summary"] ?? "no summary")}`,
      ];
    default:
      return [`${run.name}: ${firstLine(run.result?.text ?? "")}`];
  }
}

function describeList(data: Readonly<Record<string, unknown>>): string[] {
  const tasks = Array.isArray(data["tasks"]) ? (data["tasks"] as Record<string, unknown>[]) : [];
  if (tasks.length === 0) return ["There are no tasks."];
  const lines = tasks.map((task) => {
    const waiting = task["waitingOn"] ?? task["waiting_on"];
    const on = Array.isArray(waiting) && waiting.length > 0 ? ` on ${waiting.join(", ")}` : "";
    const turn = task["turn"] === undefined ? "" : `, turn ${textOf(task["turn"])}`;
    return `- ${toLabel(textOf(task["description"]))} (${textOf(task["task_id"])}): ${textOf(task["status"])}${on}${turn}`;
  });
  return ["According to the task board:", ...lines];
}

function describeCheck(data: Readonly<Record<string, unknown>>): string[] {
  const result = data["result"] as { summary?: unknown } | undefined;
  const turn = data["turn"] === undefined ? "" : `, turn ${textOf(data["turn"])}`;
  const summary = typeof result?.summary === "string" ? `: ${result.summary}` : ".";
  return [`${textOf(data["task_id"])} is ${textOf(data["status"])}${turn}${summary}`];
}

/** A check made for the report speaks through the report. */
function isCollected(run: ToolRun, conversation: Conversation): boolean {
  const tour = readTour(conversation);
  return tour !== null && findCheck(tour, textOf(run.input["task_id"]))?.id === run.id;
}

function describeReport(run: ToolRun, conversation: Conversation): string[] {
  if (run.result?.isError)
    return [`The report could not be written: ${firstLine(run.result.text)}`];
  const tour = readTour(conversation);
  return [`Report written: ${reportPath}`, ...(tour ? headlines(tour).slice(0, 3) : [])];
}

function nameTask(taskId: string, { timeline }: Conversation): string {
  const label = readTasks(timeline).find(({ id }) => id === taskId)?.label;
  return label === undefined ? taskId : `${label} (${taskId})`;
}
