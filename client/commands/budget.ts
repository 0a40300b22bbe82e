// Shows and changes what may be spent.
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { pricesAsOf, pricesSource } from "../../protocol/models.ts";
import { type BudgetChange, type BudgetReport, dimensions } from "../../protocol/budget.ts";
import type { Bosun } from "../bosun.ts";
import { sumUsage, type TreeUsage } from "../budgets.ts";
import { isRequestError } from "../request-error.ts";
import { renderBudget } from "../screen/budget-lines.ts";
import { toFrame } from "../screen/frame.ts";
import type { SupervisorHandle } from "../supervisor-handle.ts";
import { TaskHandle } from "../task-handle.ts";
import type { TaskView } from "../../protocol/views.ts";
import type { Context } from "./context.ts";
import { addLimits, type LimitOptions, toBudgetChange } from "./limit-options.ts";
import { pickHandle } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";

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
interface BudgetView {
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
    const agent = await pickHandle(bosun, given);
    if (isSet) await agent.setBudget(change);
    const view = await readBudgetView(bosun, agent, change);
    if (options.json) context.json({ ...toJson(view), set: isSet ? withNulls(change) : null });
    else {
      if (isSet) context.print(`${agent.id}: the budget is set.`);
      context.print(renderBudget(view, toFrame(context)).join("\n"));
      if (!view.report)
        context.note("(no worker answered within 2 s, so only what was spent is known)");
    }
  });
}

export async function readBudgetView(
  bosun: Bosun,
  agent: TaskHandle | SupervisorHandle,
  set: BudgetChange,
): Promise<BudgetView> {
  const { id } = agent;
  const report = await readReport(agent, set);
  if (!(agent instanceof TaskHandle)) {
    const [view, tasks] = await Promise.all([agent.status(), agent.tasks()]);
    return { id, report, tasks, total: sumUsage([view], tasks) };
  }
  const task = await agent.view();
  const tree = await bosun.supervisor(await agent.rootId()).tasks();
  const below = toBelow(task, tree);
  const listed = tree.find(({ taskId }) => taskId === task.taskId);
  const top = { ...task, ...(listed?.usageBefore && { usageBefore: listed.usageBefore }) };
  return { id, report, tasks: below, total: sumUsage([], [top, ...below]) };
}

const looks = 20;

/** A signal is heard a moment later: what was set just now is waited for. */
async function readReport(
  agent: TaskHandle | SupervisorHandle,
  set: BudgetChange,
): Promise<BudgetReport | null> {
  try {
    for (let look = 1; ; look += 1) {
      const report = await agent.budget();
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
function withNulls(limits: BudgetChange): object {
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
