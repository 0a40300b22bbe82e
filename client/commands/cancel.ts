// Asks a task to stop.
import type { Command } from "commander";
import type { Context } from "./context.ts";
import { pickId } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";

interface Options {
  readonly reason: string;
  readonly json?: boolean;
}

const examples = `
The task hands over what it has and counts as cancelled once it has stopped.
A task that has ended stays as it is, which is no error.

Example:
  bosun cancel researcher-3c --reason "too broad"
`;

export function addCancel(program: Command, context: Context): void {
  program
    .command("cancel")
    .description("stop a task and the tasks it started")
    .argument("<task>", "the task")
    .option("--reason <text>", "why, for the record", "A person cancelled it.")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((task: string, options: Options) => cancel(task, options, context));
}

async function cancel(given: string, options: Options, context: Context) {
  await withBosun(context, async (bosun) => {
    const taskId = await pickId(bosun, given, "task");
    const { requested, status } = await bosun.task(taskId).cancel(options.reason);
    if (options.json) context.json({ taskId, requested, status });
    else if (requested)
      context.print(`${taskId}: asked to stop. See it with: bosun check ${taskId}`);
    else context.print(`${taskId} is already ${status}.`);
  });
}
