// Shows and changes what may be spent.
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { pricesAsOf, pricesSource } from "../../protocol/prices.ts";
import {
  type Budget,
  type BudgetChange,
  type BudgetReport,
  dimensions,
} from "../../protocol/budget.ts";
import type { Bosun } from "../bosun.ts";
import { sumUsage, type TreeUsage } from "../budgets.ts";
import { isRequestError } from "../request-error.ts";
import { renderBudget } from "../screen/budget-lines.ts";
import { toFrame } from "../screen/frame.ts";
import type { TaskView } from "../../protocol/views.ts";
import type { Context } from "./context.ts";
import { addLimits, type LimitOptions, toBudgetChange } from "./limit-options.ts";
import { pickId, withBosun } from "./with-bosun.ts";

interface Options extends LimitOptions {
  readonly json?: boolean;
}

const examples = `
Without a limit it shows how the budget stands: of a supervisor with its whole tree, of a task with
the tasks below it. A limit counts from the beginning, so raise it above what is spent. What waits for
its budget, or makes its closing call, goes on when it is raised. A lower limit takes back at once what
tasks have not spent.

Examples:
  bosun budget supervisor-1f
  bosun budget supervisor-1f --usd 20 --tokens 3000000
  bosun budget reviewer-3c --turns 150
`;

export function addBudget(program: Command, context: Context): void {
  const command = program
    .command("budget")
    .description("show or set what a supervisor or task may spend")
    .argument("<id>", "the supervisor or task");
  addLimits(command, true)
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((id: string, options: Options) => showBudget(id, options, context));
}

/** One supervisor or task with all below it. */
export interface BudgetView {
  readonly id: string;
  /** Null when no worker answered. */
  readonly report: BudgetReport | null;
  readonly tasks: readonly TaskView[];
  readonly total: TreeUsage;
}

async function showBudget(given: string, options: Options, context: Context) {
  const change = toBudgetChange(options);
  const isSet = Object.keys(change).length > 0;
  await withBosun(context, async (bosun) => {
    const id = await pickId(bosun, given, "any");
    if (isSet) await changeBudget(bosun, id, change);
    const view = await readBudgetView(bosun, id, change);
    if (options.json)
      context.json({ ...toJson(view), set: isSet ? withNulls(change as Budget) : null });
    else {
      if (isSet) context.print(`${id}: the budget is set.`);
      context.print(renderBudget(view, toFrame(context)).join("\n"));
      if (!view.report)
        context.note("(no worker answered within 2 s, so only what was spent is known)");
    }
  });
}

export async function changeBudget(bosun: Bosun, id: string, change: BudgetChange) {
  try {
    await bosun.task(id).setBudget(change);
  } catch (error) {
    if (!isRequestError(error, "wrongKind")) throw error;
    await bosun.supervisor(id).setBudget(change);
  }
}

export async function readBudgetView(
  bosun: Bosun,
  id: string,
  set: BudgetChange,
): Promise<BudgetView> {
  const report = await readReport(bosun, id, set);
  try {
    const task = await bosun.task(id).view();
    const tree = await bosun.supervisor(await bosun.task(id).rootId()).tasks();
    const below = toBelow(task, tree);
    const listed = tree.find(({ taskId }) => taskId === task.taskId);
    const top = { ...task, ...(listed?.usageBefore && { usageBefore: listed.usageBefore }) };
    return { id, report, tasks: below, total: sumUsage([], [top, ...below]) };
  } catch (error) {
    if (!isRequestError(error, "wrongKind")) throw error;
    const supervisor = bosun.supervisor(id);
    const [view, tasks] = await Promise.all([supervisor.status(), supervisor.tasks()]);
    return { id, report, tasks, total: sumUsage([view], tasks) };
  }
}

const looks = 20;

/** A signal is heard a moment later: what was set just now is waited for. */
async function readReport(
  bosun: Bosun,
  id: string,
  set: BudgetChange,
): Promise<BudgetReport | null> {
  try {
    for (let look = 1; ; look += 1) {
      const report = await bosun.task(id).budget();
      const { budget } = report;
      const isHeard = dimensions.every(
        (name) => set[name] === undefined || set[name] === (budget[name] ?? null),
      );
      if (isHeard || look === looks) return report;
      await sleep(100);
    }
  } catch (error) {
    if (isRequestError(error, "noWorker")) return null;
    throw error;
  }
}

function toBelow(top: TaskView, tree: readonly TaskView[]): readonly TaskView[] {
  const children = tree.filter(({ parentId }) => parentId === top.taskId);
  return children.flatMap((child) => [child, ...toBelow(child, tree)]);
}

function toLease(report: BudgetReport | null, taskId: string): object | null {
  const lease = report?.leases.find((one) => one.taskId === taskId);
  return lease ? withNulls(lease.amount) : null;
}

/** What has no limit is null. */
function withNulls(limits: Budget): object {
  return Object.fromEntries(dimensions.map((name) => [name, limits[name] ?? null]));
}

function toJsonReport({ leases: _, unpriced, ...rest }: BudgetReport): object {
  const { budget, pool, left } = rest;
  const limits = { budget: withNulls(budget), pool: withNulls(pool), left: withNulls(left) };
  return { ...rest, ...limits, unpriced: unpriced ?? null };
}

function toJson({ id, report, tasks, total }: BudgetView): object {
  return {
    id,
    report: report && toJsonReport(report),
    tasks: tasks.map(({ taskId, agent, status, turn, usage }) => ({
      taskId,
      agent,
      status,
      turn,
      usage,
      lease: toLease(report, taskId),
    })),
    total,
    prices: { asOf: pricesAsOf, source: pricesSource },
  };
}
