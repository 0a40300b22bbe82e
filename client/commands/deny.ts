// Refuses what an agent asks.
import type { Command } from "commander";
import { decisionBytes } from "../../protocol/requests.ts";
import { checkText } from "../check-text.ts";
import type { Context } from "./context.ts";
import { decideAndTell } from "./decide-request.ts";

interface Options {
  readonly reason: string;
  readonly json?: boolean;
}

const examples = `
The call is not run. The agent is told who denied it and why, and goes on without it.
Without a request it is the only one that is open. What waits: bosun inbox

Examples:
  bosun deny writer-3c --reason "not in this folder"
  bosun deny q-1f04ab
`;

export function addDeny(program: Command, context: Context): void {
  program
    .command("deny")
    .description("refuse what an agent asks: the call is not run")
    .argument("<id>", "who asks, or the request itself")
    .argument("[request]", "which request, when there are several")
    .option("--reason <text>", "why, for the agent to read", "")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((id: string, request: string | undefined, options: Options) =>
      deny(id, request, options, context),
    );
}

async function deny(
  given: string,
  request: string | undefined,
  options: Options,
  context: Context,
) {
  const { reason } = options;
  if (reason) checkText(reason, "reason", decisionBytes.reason);
  await decideAndTell({ given, request }, { type: "deny", reason }, options, context);
}
