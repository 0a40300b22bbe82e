// Tries again at once what waits for the model.
import type { Command } from "commander";
import { isRequestError } from "../request-error.ts";
import type { Context } from "./context.ts";
import { pickId, withBosun } from "./with-bosun.ts";

interface Options {
  readonly json?: boolean;
}

const examples = `
For a supervisor or task that waits for the model or for quota, once the cause is gone.

Example:
  bosun resume supervisor-1f
`;

export function addResume(program: Command, context: Context): void {
  program
    .command("resume")
    .description("try again at once what waits for the model or quota")
    .argument("<id>", "the supervisor or task")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((id: string, options: Options) => resume(id, options, context));
}

async function resume(given: string, options: Options, context: Context) {
  await withBosun(context, async (bosun) => {
    const id = await pickId(bosun, given, "any");
    try {
      await bosun.task(id).resume();
    } catch (error) {
      if (!isRequestError(error, "unknown")) throw error;
      // A closed workflow takes no signal: say which of the two it is.
      await bosun.task(id).look();
      throw error;
    }
    if (options.json) context.json({ id, requested: true });
    else context.print(`${id}: asked to go on.`);
  });
}
