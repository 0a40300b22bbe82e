// Ends a supervisor.
import type { Command } from "commander";
import { isRequestError } from "../request-error.ts";
import type { Context } from "./context.ts";
import { pickId } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";

interface Options {
  readonly json?: boolean;
}

export function addEnd(program: Command, context: Context): void {
  program
    .command("end")
    .description("end a supervisor: its open tasks are cancelled first")
    .argument("<id>", "the supervisor")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  bosun end supervisor-1f\n")
    .action((id: string, options: Options) => end(id, options, context));
}

async function end(given: string, options: Options, context: Context) {
  await withBosun(context, async (bosun) => {
    const id = await pickId(bosun, given, "supervisor");
    const requested = await endIfOpen(() => bosun.supervisor(id).end());
    if (options.json) context.json({ id, requested });
    else if (!requested) context.print(`${id} has already ended.`);
    else
      context.print(
        `${id}: asked to end, its open tasks stop first. See it with: bosun tasks ${id}`,
      );
  });
}

/** False when it had ended before. */
async function endIfOpen(ask: () => Promise<void>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    if (isRequestError(error, "ended")) return false;
    throw error;
  }
}
