// Lets go on what is paused, or waits for the model.
import type { Command } from "commander";
import type { Context } from "./context.ts";
import type { Switched } from "../control.ts";
import { pickHandle } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";

interface Options {
  readonly json?: boolean;
}

const examples = `
For a supervisor or task that was paused, or that waits for the model or for quota, once the
cause is gone. It reaches all below it.

Example:
  bosun resume supervisor-1f
`;

export function addResume(program: Command, context: Context): void {
  program
    .command("resume")
    .description("go on with what is paused, or waits for the model or quota")
    .argument("<id>", "the supervisor or task")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((id: string, options: Options) => resume(id, options, context));
}

async function resume(given: string, options: Options, context: Context) {
  await withBosun(context, async (bosun) => {
    const agent = await pickHandle(bosun, given);
    const switched = await agent.resume();
    const { id } = agent;
    if (options.json) context.json({ id, requested: true, ...switched });
    else context.print(toResumedText(id, switched));
  });
}

export function toResumedText(id: string, { already }: Switched): string {
  return already
    ? `${id} was not paused. What is paused below it goes on.`
    : `${id}: asked to go on, with all below it.`;
}
