// How a budget stands, as lines.
import {
  type Budget,
  type BudgetReport,
  type Dimension,
  dimensions,
} from "../../protocol/budget.ts";
import { pricesAsOf } from "../../protocol/models.ts";
import type { Usage } from "../../protocol/turn.ts";
import type { TaskView } from "../../protocol/views.ts";
import type { TreeUsage } from "../budgets.ts";
import { toTokenText, toUsdText } from "./figures.ts";
import type { Frame } from "./frame.ts";
import { cutLine, wrapText } from "./wrap-text.ts";

interface Shown {
  readonly id: string;
  readonly report: BudgetReport | null;
  readonly tasks: readonly TaskView[];
  readonly total: TreeUsage;
}

const names: Readonly<Record<Dimension, string>> = {
  turns: "turns",
  outputTokens: "output tokens",
  usd: "US dollars",
  tasks: "open tasks",
};

export function renderBudget({ id, report, tasks, total }: Shown, frame: Frame): readonly string[] {
  const { palette, width } = frame;
  const used: readonly (readonly [string, string])[] = [
    ["in all", toUsageLine(total.usage)],
    ...total.agents.map(
      ({ agent, count, usage }) => [`${agent} (${count})`, toUsageLine(usage)] as const,
    ),
    ...tasks.map((task) => [task.taskId, toTaskLine(task, report)] as const),
  ];
  return [
    cutLine(palette.strong(id), width),
    ...(report ? renderLimits(report, width) : []),
    ...renderUsed(used, width),
    ...toRemarks(total, report).flatMap((line) => wrapText(line, width)),
  ];
}

const tableWidth = 64;

/** As a table, where there is room for one. */
function renderLimits(report: BudgetReport, width: number): readonly string[] {
  if (width >= tableWidth) return toLimitTable(report);
  return dimensions.flatMap((name) => {
    const { [name]: most } = report.pool;
    const amounts = [
      `${toAmount(name, toSpent(report, name))} spent`,
      `${toAmount(name, toLeased(report, name))} with tasks`,
      most === undefined
        ? "no limit"
        : `${toAmount(name, report.left[name])} left of ${toAmount(name, most)}`,
    ];
    return wrapText(`  ${names[name]}: ${amounts.join(", ")}`, width);
  });
}

/** In columns, where nothing has to be cut for it. */
function renderUsed(
  rows: readonly (readonly [string, string])[],
  width: number,
): readonly string[] {
  const column = Math.max(...rows.map(([name]) => name.length));
  const isWide = rows.every(([, text]) => column + 4 + text.length <= width);
  if (isWide) return rows.map(([name, text]) => `  ${name.padEnd(column)}  ${text}`);
  return rows.flatMap(([name, text]) => [
    ...wrapText(`  ${name}`, width),
    ...wrapText(`    ${text}`, width),
  ]);
}

function toLimitTable(report: BudgetReport): readonly string[] {
  const head = ["", "may spend", "spent", "with tasks", "left"];
  const rows = dimensions.map((name) => [
    names[name],
    toAmount(name, report.pool[name]),
    toAmount(name, toSpent(report, name)),
    toAmount(name, toLeased(report, name)),
    toAmount(name, report.left[name]),
  ]);
  return [head, ...rows].map(
    ([first = "", ...rest]) =>
      `  ${first.padEnd(14)}${rest.map((cell) => cell.padStart(12)).join("")}`,
  );
}

function toSpent({ spent }: BudgetReport, name: Dimension): number {
  if (name === "tasks") return 0;
  if (name === "outputTokens") return spent.usage.outputTokens + (spent.lost?.outputTokens ?? 0);
  return spent[name] + (spent.lost?.[name] ?? 0);
}

function toLeased({ leases }: BudgetReport, name: Dimension): number {
  const own = name === "tasks" ? leases.length : 0;
  return leases.reduce((sum, { amount }) => sum + (amount[name] ?? 0), own);
}

function toAmount(name: Dimension, value: number | undefined): string {
  if (value === undefined) return "no limit";
  return name === "usd" ? toUsdText(value) : value.toLocaleString("en-US");
}

function toUsageLine(usage: Usage): string {
  const calls = `${usage.calls} ${usage.calls === 1 ? "call" : "calls"}`;
  return `${calls}, ${toTokenText(usage)}, ${toUsdText(usage.usd)}`;
}

function toTaskLine({ taskId, status, usage }: TaskView, report: BudgetReport | null): string {
  const lease = report?.leases.find((one) => one.taskId === taskId)?.amount;
  return `${status}, ${toUsageLine(usage)}${lease ? `, lease ${toLeaseText(lease)}` : ""}`;
}

function toLeaseText(amount: Budget): string {
  const parts = dimensions
    .filter((name) => amount[name] !== undefined && name !== "tasks")
    .map((name) => `${toAmount(name, amount[name])} ${names[name]}`);
  return parts.join(", ") || "without a limit";
}

function toRemarks({ usage }: TreeUsage, report: BudgetReport | null): readonly string[] {
  const remarks = [];
  if (report && !report.kept)
    remarks.push("It was begun before there were budgets: it has no limit.");
  if (usage.usd === null || report?.unpriced) {
    const model = report?.unpriced ?? "a model";
    remarks.push(`The price of ${model} is not known: tokens only. Set BOSUN_PRICES.`);
  }
  if (report && report.unseenCalls > 0) {
    remarks.push(`${report.unseenCalls} calls were broken off: what they cost is not counted.`);
  }
  return [...remarks, `Prices as of ${pricesAsOf}.`].map((text) => `  ${text}`);
}
