// Refuses what an agent asks.
import type { Command } from "commander";
import { decisionBytes } from "../../protocol/requests.ts";
import { checkText } from "../check-text.ts";
import type { Context } from "./context.ts";
import { decideRequest, readAsker, toDecidedJson, toDecidedText } from "./decide-request.ts";
import { pickId, withBosun } from "./with-bosun.ts";

interface Options {
  readonly reason: string;
  readonly json?: boolean;
}

const examples = `
The call is not run. The agent is told who denied it and why, and goes on without it.
Without a request it is the only one that is open. What waits: bosun inbox

Examples:
  bosun deny writer-3c --reason "not in this folder"
  bosun deny writer-3c q-1f04ab
`;

export function addDeny(program: Command, context: Context): void {
  program
    .command("deny")
    .description("refuse what an agent asks: the call is not run")
    .argument("<id>", "the task or supervisor that asks")
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
  await withBosun(context, async (bosun) => {
    const id = await pickId(bosun, given, "any");
    const asker = await readAsker(bosun, id);
    const taken = await decideRequest(asker, { type: "deny", reason }, request);
    if (options.json) context.json(toDecidedJson(id, "deny", taken));
    else context.print(toDecidedText(id, taken));
  });
}
