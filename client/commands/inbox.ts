// Lists what waits for a person.
import type { Command } from "commander";
import { toFrame } from "../screen/frame.ts";
import { renderInbox } from "../screen/request-lines.ts";
import { renderTroubled } from "../screen/trouble-lines.ts";
import type { Context } from "./context.ts";
import { withBosun } from "./with-bosun.ts";

interface Options {
  readonly json?: boolean;
}

const examples = `
Approvals and questions of every supervisor and task, oldest first, each with the command that
decides it. Below them the agents that do not get on, though they and those who started them were
told. Needs no worker. An agent shows the oldest ten of its own requests.

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
    const { requests, troubled } = await bosun.inbox();
    const frame = toFrame(context);
    if (options.json) {
      context.json({ requests, troubled, asOf: frame.now.toISOString() });
      return;
    }
    const lines = [
      ...(requests.length > 0 || troubled.length === 0 ? renderInbox(requests, frame) : []),
      ...(requests.length > 0 && troubled.length > 0 ? [""] : []),
      ...renderTroubled(troubled, frame),
    ];
    context.print(lines.join("\n"));
  });
}
