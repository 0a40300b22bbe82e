// Lists supervisors and tasks.
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import logUpdate from "log-update";
import type { Agents } from "../list-executions.ts";
import { sumUsage } from "../budgets.ts";
import { openInterrupt } from "../installation/interrupts.ts";
import { toTokenText, toUsdText } from "../screen/figures.ts";
import { renderAgents } from "../screen/agent-list.ts";
import { toFrame } from "../screen/frame.ts";
import { wrapText } from "../screen/wrap-text.ts";
import { readLiveCalls, type LiveCalls } from "../live-calls.ts";
import { isOver } from "../supervisor-view.ts";
import type { Bosun } from "../bosun.ts";
import type { Context } from "./context.ts";
import { pickId } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";
import { toWorkerRemark } from "./worker-remark.ts";

interface Options {
  readonly watch?: boolean;
  readonly json?: boolean;
}

const examples = `
Examples:
  bosun tasks                     every supervisor and its open tasks
  bosun tasks supervisor-1f       one supervisor and all of its tasks
  bosun tasks --watch             the same, every second, until Ctrl-C
`;

export function addTasks(program: Command, context: Context): void {
  program
    .command("tasks")
    .description("list supervisors and tasks")
    .argument("[id]", "one supervisor: all of its tasks, ended ones too")
    .option("--watch", "repeat every second")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((id: string | undefined, options: Options) => tasks(id, options, context));
}

async function tasks(given: string | undefined, options: Options, context: Context) {
  await withBosun(context, async (bosun, here) => {
    const id = given && (await pickId(bosun, given, "supervisor"));
    const show = async () => {
      const agents = await readAgents(bosun, id);
      if (options.json) return context.json(toJson(agents, id !== undefined));
      const runs = agents.supervisors.some((view) => !isOver(view));
      const [remark, calls] = await Promise.all([
        runs ? toWorkerRemark(here, context) : undefined,
        readLiveCalls(bosun, agents),
      ]);
      showOnce(agents, { isOne: id !== undefined, remark, calls }, options, context);
    };
    await show();
    if (options.watch) await everySecond(show);
    if (options.watch && context.isTty) logUpdate.done();
  });
}

/** Until Ctrl-C. */
async function everySecond(work: () => Promise<void>): Promise<void> {
  const { signal, stopListening } = openInterrupt();
  try {
    for (;;) {
      await sleep(1_000, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await work();
    }
  } finally {
    stopListening();
  }
}

/** With an id, everything of that tree. Without one, what is still open. */
async function readAgents(bosun: Bosun, id: string | undefined): Promise<Agents> {
  if (id === undefined) return bosun.list();
  const supervisor = bosun.supervisor(id);
  const [view, found] = await Promise.all([supervisor.status(), supervisor.tasks()]);
  return { supervisors: [view], tasks: found };
}

interface About {
  /** One supervisor with all of its tasks. */
  readonly isOne: boolean;
  readonly remark: string | undefined;
  readonly calls: LiveCalls;
}

function toJson(agents: Agents, isOne: boolean): object {
  const total = isOne && sumUsage(agents.supervisors, agents.tasks);
  return { ...agents, ...(total && { total }), asOf: new Date().toISOString() };
}

function showOnce(agents: Agents, about: About, options: Options, context: Context): void {
  const { isOne, remark, calls } = about;
  const lines = renderAgents(agents, toFrame(context), calls);
  const ended = agents.supervisors.filter(isOver).length;
  const total = toTotal(agents, isOne).flatMap((line) => wrapText(line, context.columns()));
  const text = lines.length > 0 ? [...lines, ...total].join("\n") : toEmptyText(ended);
  if (options.watch && context.isTty) {
    logUpdate(remark ? `${text}\n${remark}` : text);
    return;
  }
  context.print(text);
  if (remark) context.note(remark);
}

/** What the whole tree has used. Without an id, where ended tasks are found. */
function toTotal({ supervisors, tasks: all }: Agents, isOne: boolean): readonly string[] {
  if (!isOne) return all.length === 0 ? [toNoneOpen(supervisors)] : [];
  if (all.length === 0) return [];
  const { usage } = sumUsage(supervisors, all);
  return [`In all: ${usage.calls} model calls, ${toTokenText(usage)}, ${toUsdText(usage.usd)}`];
}

function toNoneOpen([one, ...others]: Agents["supervisors"]): string {
  const id = one && others.length === 0 ? one.id : "ID";
  return `No task is open. Those that have ended: bosun tasks ${id}`;
}

function toEmptyText(ended: number): string {
  const none = ended > 0 ? "No supervisor is running" : "No supervisors yet";
  return `${none}. Start one with: bosun start "what you want done" (or take the tour: bosun demo)`;
}
