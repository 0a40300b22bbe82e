// What the tour leaves behind, in figures and links.
import { toUrl } from "../commands/open.ts";
import type { Here } from "../connect-here.ts";
import { toCount, toElapsed, totalTokens, toUsdText } from "../screen/figures.ts";
import { type Palette, toMark } from "../screen/palette.ts";
import { toStatusText, toTitle } from "../screen/task-tree.ts";
import { wrapText } from "../screen/wrap-text.ts";
import type { SupervisorView } from "../supervisor-view.ts";
import { addUsage } from "../../protocol/turn.ts";
import type { TaskView } from "../../protocol/views.ts";
import type { Tour } from "./conduct.ts";
import type { Report } from "./report.ts";

interface Closing {
  readonly supervisor: SupervisorView;
  readonly tasks: readonly TaskView[];
  readonly report?: Report;
  /** Of the Web UI, by workflow. Empty when its address is not known. */
  readonly urls: Readonly<Record<string, string>>;
}

export async function readClosing(
  here: Here,
  { supervisor, progress, report }: Tour,
): Promise<Closing> {
  const ids = [...progress.tasks.keys()];
  const [view, ...tasks] = await Promise.all([
    supervisor.status(),
    ...ids.map((id) => supervisor.task(id).view()),
  ]);
  const links = [supervisor.id, ...ids].flatMap((id) => {
    const url = toUrl(here, id);
    return url ? [[id, url] as const] : [];
  });
  return { supervisor: view, tasks, urls: Object.fromEntries(links), ...(report && { report }) };
}

/** Links and paths are left whole, so that they can be copied. */
export function renderClosing(
  closing: Closing,
  palette: Palette,
  width: number,
): readonly string[] {
  const { report, supervisor, tasks, urls } = closing;
  return [
    "",
    ...(report ? toReportLines(report, palette, width) : []),
    ...wrapText(toFigures(supervisor, tasks), width),
    "",
    palette.strong(Object.keys(urls).length > 0 ? "Each workflow in the Web UI:" : "Workflows:"),
    `  supervisor, ${supervisor.status}`,
    `    ${urls[supervisor.id] ?? supervisor.id}`,
    ...tasks.flatMap((task) => [
      `  ${toMark(task.status, palette)} ${toTitle(task)}, ${toStatusText(task)}`,
      `    ${urls[task.taskId] ?? task.taskId}`,
    ]),
  ];
}

function toReportLines(report: Report, palette: Palette, width: number): readonly string[] {
  return [
    `${palette.strong("The report")}, ${report.lines} lines, ${report.bytes} bytes:`,
    `  ${report.path}`,
    ...report.headlines.flatMap((line) => wrapText(`  ${line}`, width)),
  ];
}

function toFigures(supervisor: SupervisorView, tasks: readonly TaskView[]): string {
  const usage = tasks.reduce((sum, task) => addUsage(sum, task.usage), supervisor.usage);
  const notes = tasks.reduce((sum, task) => sum + task.receipts.length, 0);
  const ended = (status: TaskView["status"]) =>
    tasks.filter((task) => task.status === status).length;
  return [
    `${tasks.length} tasks: ${ended("completed")} completed, ${ended("cancelled")} cancelled`,
    `${notes} ${notes === 1 ? "note" : "notes"} seen`,
    `${usage.calls} model calls`,
    `${toCount(totalTokens(usage))} tokens`,
    toUsdText(usage.usd),
    toElapsed(supervisor.startedAt, null, new Date()),
  ].join(", ");
}
