// Applies what an isolated task has changed.
import type { Command } from "commander";
import type { Applied } from "../../protocol/isolation.ts";
import { CommandError } from "../command-error.ts";
import type { Context } from "./context.ts";
import { toNumber } from "./to-number.ts";
import { pickId } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";

interface Options {
  readonly attempt?: number;
  readonly json?: boolean;
}

const examples = `
All of it, or nothing and the reason: files with changes of their own are never touched, and what
has changed since is merged only where nothing collides. Nothing is committed. Applying twice
does nothing.

Examples:
  bosun diff coder-3c --stat
  bosun apply coder-3c
`;

export function addApply(program: Command, context: Context): void {
  program
    .command("apply")
    .description("apply what an isolated task has changed")
    .argument("<task>", "the task")
    .option("--attempt <number>", "an attempt before the newest one", toNumber)
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((task: string, options: Options) => apply(task, options, context));
}

async function apply(given: string, options: Options, context: Context) {
  await withBosun(context, async (bosun) => {
    const taskId = await pickId(bosun, given, "task");
    const applied = await bosun.apply(taskId, options.attempt);
    const { outcome, text, paths } = applied;
    if (outcome === "refused") throw new CommandError(toAppliedText(applied));
    if (options.json) context.json({ taskId, outcome, text, paths });
    else context.print(toAppliedText(applied));
  });
}

export function toAppliedText({ text, paths }: Applied): string {
  return [text, ...paths.map((path) => `  ${path}`)].join("\n");
}
