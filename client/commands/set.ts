// Changes what a running agent goes on with.
import type { Command } from "commander";
import type { SettingSent } from "../control.ts";
import { CommandError } from "../command-error.ts";
import type { Context } from "./context.ts";
import { pickHandle } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";

interface Options {
  readonly model?: string;
  readonly json?: boolean;
}

const examples = `
It holds from the next model call on, also for one that is paused or waits for the model. The
transcript then begins anew from a digest, for answers are signed by their model. A model that
cannot be called gives way to the one before, which is said in the feed. Tasks of a supervisor
stay as they are.

Examples:
  bosun set researcher-3c --model opus
  bosun set supervisor-1f --model claude-sonnet-5-5
`;

export function addSet(program: Command, context: Context): void {
  program
    .command("set")
    .description("change the model of a supervisor or task")
    .argument("<id>", "the supervisor or task")
    .option("--model <name>", "a model id, or opus, sonnet, haiku")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((id: string, options: Options) => set(id, options, context));
}

async function set(given: string, options: Options, context: Context) {
  const { model: name } = options;
  if (!name) throw new CommandError("Say what to change: bosun set ID --model NAME", 2);
  await withBosun(context, async (bosun) => {
    const agent = await pickHandle(bosun, given);
    const sent = await agent.set({ model: name });
    if (options.json) context.json({ id: agent.id, ...sent });
    else context.print(toSetText(agent.id, sent));
  });
}

export function toSetText(id: string, { model }: SettingSent): string {
  return `${id}: ${model} answers from the next model call on.`;
}
