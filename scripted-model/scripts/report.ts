// The report, made only of what the transcript holds.
import type { ToolRun } from "../conversation.ts";
import type { ToolCall } from "../reply.ts";
import { firstLine, toJsonResult, textOf } from "./tool-text.ts";
import { reportPath, type Tour, type TourTask } from "./tour.ts";

/** What is still to be called before the survey is over: the checks, then the file. */
export function closingCalls(tour: Tour | null): ToolCall[] {
  if (!tour?.allEnded || tour.report) return [];
  const unchecked = tour.tasks.filter(
    ({ id, ended }) => ended?.status === "completed" && !findCheck(tour, id),
  );
  if (unchecked.length > 0) {
    return unchecked.map(({ id }) => ({
      name: "check_async_task",
      input: { task_id: id, detail: "digest" },
    }));
  }
  return [{ name: "write_file", input: { path: reportPath, content: toReport(tour) } }];
}

export function findCheck({ runs }: Tour, taskId: string): ToolRun | undefined {
  return runs.find(
    ({ name, input }) =>
      name === "check_async_task" && input["task_id"] === taskId && input["detail"] === "digest",
  );
}

function toReport(tour: Tour): string {
  const sections = tour.tasks.map((task) => section(tour, task));
  return [
    "# Workspace report",
    "",
    "Written by the scripted model, not Claude: every figure below is quoted from a tool result or a task's summary.",
    "",
    ...sections.flat(),
    ...changes(tour),
  ].join("\n");
}

/** The first line of each completed task, for the closing words. */
export function headlines(tour: Tour): string[] {
  return tour.tasks
    .filter(({ ended }) => ended?.status === "completed")
    .map((task) => `- ${firstLine(summaryOf(tour, task))}`);
}

function section(tour: Tour, task: TourTask): string[] {
  const status = task.ended?.status ?? "unknown";
  return [
    `## ${task.label}`,
    "",
    `Task \`${task.id}\`: ${status}${replacement(tour, task)}.`,
    "",
    summaryOf(tour, task),
    "",
  ];
}

/** As checked at collection, else as the notice of its end had it. */
function summaryOf(tour: Tour, task: TourTask): string {
  const result = toJsonResult(findCheck(tour, task.id))["result"] as
    | { summary?: unknown }
    | undefined;
  if (typeof result?.summary === "string" && result.summary) return result.summary;
  return task.ended?.summary || "No summary was handed over.";
}

function replacement(tour: Tour, task: TourTask): string {
  if (task.ended?.status !== "cancelled") return "";
  const start = tour.runs.find(
    ({ name, input }) =>
      name === "start_async_task" && textOf(input["description"]).includes(task.id),
  );
  const id = toJsonResult(start)["task_id"];
  return typeof id === "string" ? `, replaced by \`${id}\`` : "";
}

function changes({ runs, tasks }: Tour): string[] {
  const labelOf = (run: ToolRun) =>
    tasks.find(({ id }) => id === run.input["task_id"])?.label ?? textOf(run.input["task_id"]);
  const lines = runs.flatMap((run) => {
    if (run.result?.isError) return [];
    if (run.name === "update_async_task") {
      const note = toJsonResult(run)["note_id"];
      return [
        `- ${labelOf(run)} was steered, note \`${textOf(note)}\`: ${textOf(run.input["message"])}`,
      ];
    }
    if (run.name !== "cancel_async_task") return [];
    return [`- ${labelOf(run)} was cancelled: ${textOf(run.input["reason"] ?? "no reason given")}`];
  });
  return lines.length > 0 ? ["## Changes on the way", "", ...lines, ""] : [];
}
