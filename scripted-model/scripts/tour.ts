// The survey a person asked for, as the transcript has it.
import type { Conversation, Moment, ToolRun } from "../conversation.ts";
import type { ToolCall } from "../reply.ts";
import { type TaskEnded, toNotice } from "./notices.ts";
import { toJsonResult, textOf } from "./tool-text.ts";

export interface TourTask {
  readonly id: string;
  readonly label: string;
  readonly ended: TaskEnded | null;
}

export interface Tour {
  /** Every task started since the survey was asked for. */
  readonly tasks: readonly TourTask[];
  readonly runs: readonly ToolRun[];
  readonly allEnded: boolean;
  readonly report: ToolRun | null;
}

export const reportPath = "artifacts/report.md";

const parts: readonly (readonly [agent: string, description: string])[] = [
  [
    "researcher",
    "Structure: list every file of the workspace, count and weigh them by kind, read the key files, and report the figures.",
  ],
  [
    "reviewer",
    "Loose ends: search for TODO, FIXME, XXX and HACK and for other unfinished work, and say how many there are and where.",
  ],
  [
    "writer",
    "Documentation: list the Markdown files, read the main ones, and count lines and headings.",
  ],
  [
    "researcher",
    "Tests: read every test file in full, one after the other, and search the whole workspace for the words of test code.",
  ],
];

export function isSurvey(text: string): boolean {
  return (
    /\bsurvey\b/i.test(text) ||
    (/\breport\b/i.test(text) && /delegat|subagent|background/i.test(text))
  );
}

export function surveyCalls(conversation: Conversation): ToolCall[] {
  return parts.map(([agent, description]) => startCall(conversation, agent, description));
}

export function narrowTestsCall(conversation: Conversation, replaced: string): ToolCall {
  const description = `Test count: count the test files by their names, open none of them (replaces ${replaced}).`;
  return startCall(conversation, "researcher", description);
}

/** Takes an agent that the tool's schema offers, when it says which there are. */
export function startCall({ tools }: Conversation, agent: string, description: string): ToolCall {
  const schema = tools.get("start_async_task")?.input_schema?.["properties"] as
    | Record<string, { enum?: unknown[] } | undefined>
    | undefined;
  const offered = schema?.["subagent_type"]?.enum?.filter((name) => typeof name === "string");
  const subagent_type = !offered || offered.includes(agent) ? agent : (offered[0] ?? agent);
  return { name: "start_async_task", input: { description, subagent_type } };
}

/** A description begins with what it is about: `Structure: …`. */
export function toLabel(description: string): string {
  const label = /^([^:\n]{1,40}):/.exec(description)?.[1] ?? description.slice(0, 40);
  return label || "a task";
}

export function readTour({ timeline }: Conversation): Tour | null {
  const start = timeline.findLastIndex(
    (moment) =>
      moment.kind === "user" && toNotice(moment.text).kind === "person" && isSurvey(moment.text),
  );
  if (start === -1) return null;
  const since = timeline.slice(start);
  const runs = since.flatMap((moment) => (moment.kind === "run" ? [moment.run] : []));
  const tasks = readTasks(since);
  return {
    tasks,
    runs,
    allEnded: tasks.length > 0 && tasks.every(({ ended }) => ended),
    report:
      runs.find(({ name, input }) => name === "write_file" && input["path"] === reportPath) ?? null,
  };
}

/** Newest first: what is meant by "the tests task" is the one started last. */
export function findOpen(tour: Tour | null, label: RegExp): TourTask | undefined {
  return tour?.tasks.findLast((task) => label.test(task.label) && !task.ended);
}

export function readTasks(moments: readonly Moment[]): TourTask[] {
  const ended = new Map<string, TaskEnded>();
  for (const moment of moments) {
    const notice = moment.kind === "user" ? toNotice(moment.text) : null;
    if (notice?.kind === "task_ended") ended.set(notice.task.taskId, notice.task);
  }
  return moments.flatMap((moment) => {
    if (moment.kind !== "run" || moment.run.name !== "start_async_task") return [];
    const id = toJsonResult(moment.run)["task_id"];
    if (typeof id !== "string") return [];
    const label = toLabel(textOf(moment.run.input["description"]));
    return [{ id, label, ended: ended.get(id) ?? null }];
  });
}
