// How a budget stands, as lines.
import {
  type Budget,
  type BudgetReport,
  type Dimension,
  dimensions,
} from "../../protocol/budget.ts";
import { pricesAsOf } from "../../protocol/prices.ts";
import type { Usage } from "../../protocol/turn.ts";
import type { TaskView } from "../../protocol/views.ts";
import type { TreeUsage } from "../budgets.ts";
import { toCount, toUsdText } from "./figures.ts";
import type { Frame } from "./frame.ts";
import { cutLine } from "./wrap-text.ts";

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
  const lines = [
    palette.strong(id),
    ...(report ? toLimitLines(report) : []),
    `  ${"in all".padEnd(22)} ${toUsageLine(total.usage)}`,
    ...total.agents.map(
      ({ agent, count, usage }) => `  ${`${agent} (${count})`.padEnd(22)} ${toUsageLine(usage)}`,
    ),
    ...tasks.map((task) => `  ${task.taskId.padEnd(22)} ${toTaskLine(task, report)}`),
    ...toRemarks(total, report),
  ];
  return lines.map((line) => cutLine(line, width));
}

function toLimitLines(report: BudgetReport): readonly string[] {
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
  const cached = `${toCount(usage.cacheReadTokens)} cached, ${toCount(usage.cacheWriteTokens)} written`;
  const input = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
  return `${usage.calls} calls, ${toCount(input)} in (${cached}), ${toCount(usage.outputTokens)} out, ${toUsdText(usage.usd)}`;
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
