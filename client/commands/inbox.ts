// Lists what waits for a person.
import type { Command } from "commander";
import { toPalette } from "../screen/palette.ts";
import { renderInbox } from "../screen/request-lines.ts";
import type { Context } from "./context.ts";
import { withBosun } from "./with-bosun.ts";

interface Options {
  readonly json?: boolean;
}

const examples = `
Approvals and questions of every supervisor and task, oldest first, each with the command that
decides it. Needs no worker. An agent shows the oldest ten of its own.

Examples:
  bosun inbox
  bosun inbox --json | jq -r '.requests[] | .id + " " + .requestId + " " + .label'
`;

export function addInbox(program: Command, context: Context): void {
  program
    .command("inbox")
    .description("list what waits for a person, oldest first")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((options: Options) => inbox(options, context));
}

async function inbox(options: Options, context: Context) {
  await withBosun(context, async (bosun) => {
    const requests = await bosun.requests();
    const now = new Date();
    if (options.json) {
      context.json({ requests, asOf: now.toISOString() });
      return;
    }
    const frame = { width: context.columns(), now, palette: toPalette(context.color) };
    context.print(renderInbox(requests, frame).join("\n"));
  });
}
