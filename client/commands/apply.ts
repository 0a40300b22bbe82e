// Applies what an isolated task has changed.
import type { Command } from "commander";
import { CommandError, type Context } from "./context.ts";
import { pickId, withBosun } from "./with-bosun.ts";

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
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((task: string, options: { json?: boolean }) => apply(task, options, context));
}

async function apply(given: string, options: { readonly json?: boolean }, context: Context) {
  await withBosun(context, async (bosun) => {
    const taskId = await pickId(bosun, given, "task");
    const { outcome, text, paths } = await bosun.apply(taskId);
    if (outcome === "refused") {
      throw new CommandError([text, ...paths.map((path) => `  ${path}`)].join("\n"));
    }
    if (options.json) context.json({ taskId, outcome, text, paths });
    else context.print([text, ...paths.map((path) => `  ${path}`)].join("\n"));
  });
}
