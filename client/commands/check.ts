// Shows one task as it is now.
import { type Command, Option } from "commander";
import { type CheckDetail, checkDetails } from "../../protocol/views.ts";
import { renderCheck } from "../screen/task-card.ts";
import { toFrame } from "../screen/frame.ts";
import type { Context } from "./context.ts";
import { toNumber } from "./to-number.ts";
import { pickId } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";
import { noteMissingWorkers } from "./worker-remark.ts";

interface Options {
  readonly detail: CheckDetail;
  readonly attempt?: number;
  readonly json?: boolean;
}

const examples = `
Status needs no worker. Details come from the task itself, so they need one.

Examples:
  bosun check researcher-3c
  bosun check researcher-3c --detail turns
`;

export function addCheck(program: Command, context: Context): void {
  program
    .command("check")
    .description("show one task as it is now")
    .argument("<task>", "the task")
    .addOption(new Option("--detail <detail>", "how much").choices(checkDetails).default("digest"))
    .option("--attempt <number>", "an attempt before the newest one", toNumber)
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((task: string, options: Options) => check(task, options, context));
}

async function check(given: string, options: Options, context: Context) {
  await withBosun(context, async (bosun, here) => {
    const id = await pickId(bosun, given, "task");
    const handle = bosun.task(id);
    const meant = options.attempt ? await handle.attempt(options.attempt) : handle;
    const { view: task, report, missing, live } = await meant.check(options.detail);
    if (options.json) {
      context.json({ task, report: report ?? null, live: live ?? null, missing: missing ?? null });
      return;
    }
    context.print(renderCheck(task, { report, live }, toFrame(context)).join("\n"));
    if (missing) context.note(`(${missing})`);
    if (task.endedAt === null) await noteMissingWorkers(here, context);
  });
}
