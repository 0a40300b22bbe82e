// Prints the conversation of an agent.
import type { Command } from "commander";
import { toFrame } from "../screen/frame.ts";
import { renderTranscript } from "../screen/transcript-lines.ts";
import type { Context } from "./context.ts";
import { toNumber } from "./to-number.ts";
import { pickId } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";

interface Options {
  readonly attempt?: number;
  readonly json?: boolean;
}

export function addTranscript(program: Command, context: Context): void {
  program
    .command("transcript")
    .description("print the conversation of a supervisor or task")
    .argument("<id>", "the supervisor or task")
    .option("--attempt <number>", "an attempt before a task's newest one", toNumber)
    .option("--json", "print JSON, every block as it is")
    .addHelpText("after", "\nExamples:\n  bosun transcript researcher-3c | less\n")
    .action((id: string, options: Options) => transcript(id, options, context));
}

async function transcript(given: string, options: Options, context: Context) {
  await withBosun(context, async (bosun) => {
    const id = await pickId(bosun, given, "any");
    const handle = bosun.task(id);
    const meant = options.attempt ? await handle.attempt(options.attempt) : handle;
    const page = await meant.transcript();
    if (options.json) {
      context.json({ id, ...page, header: page.header ?? null });
      return;
    }
    const lines = renderTranscript(page, toFrame(context));
    context.print(lines.join("\n") || "Nothing has been said yet.");
  });
}
