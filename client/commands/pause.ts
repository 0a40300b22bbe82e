// Holds a supervisor or task, with all that works below it.
import type { Command } from "commander";
import type { Context } from "./context.ts";
import type { Switched } from "../control.ts";
import { pickHandle } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";

interface Options {
  readonly json?: boolean;
}

const examples = `
It stops at its next step boundary: a model call and the tool calls that follow it are finished
first. What it is told meanwhile is kept and read when it goes on. It can be steered, changed,
cancelled and read while it is paused, and what it asked of a person keeps its time.

Examples:
  bosun pause researcher-3c       one task, and the tasks it started
  bosun pause supervisor-1f       a supervisor and its whole tree
`;

export function addPause(program: Command, context: Context): void {
  program
    .command("pause")
    .description("hold a supervisor or task, and all below it")
    .argument("<id>", "the supervisor or task")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((id: string, options: Options) => pause(id, options, context));
}

async function pause(given: string, options: Options, context: Context) {
  await withBosun(context, async (bosun) => {
    const agent = await pickHandle(bosun, given);
    const switched = await agent.pause();
    const { id } = agent;
    if (options.json) context.json({ id, requested: true, ...switched });
    else context.print(`${toPausedText(id, switched)} It goes on with: bosun resume ${id}`);
  });
}

export function toPausedText(id: string, { already }: Switched): string {
  return already
    ? `${id} is paused already. All below it was told again.`
    : `${id}: asked to pause, with all below it.`;
}
