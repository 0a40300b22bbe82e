// Breaks off what a supervisor is at.
import type { Command } from "commander";
import { isRequestError, RequestError } from "../request-error.ts";
import type { SupervisorHandle } from "../supervisor-handle.ts";
import type { Context } from "./context.ts";
import { pickId } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";

interface Options {
  readonly json?: boolean;
}

const examples = `
Nothing of the answer under way is kept. Reads are cancelled, a write that has begun is finished,
a task it waits for goes on in the background. It says so and waits for the next message; what
was said before the interruption stays in the conversation. Its tasks go on.

Example:
  bosun interrupt supervisor-1f
`;

export function addInterrupt(program: Command, context: Context): void {
  program
    .command("interrupt")
    .description("break off what a supervisor is saying or doing")
    .argument("<id>", "the supervisor")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((id: string, options: Options) => interrupt(id, options, context));
}

async function interrupt(given: string, options: Options, context: Context) {
  await withBosun(context, async (bosun) => {
    const id = await pickId(bosun, given, "supervisor");
    const status = await interruptOne(bosun.supervisor(id));
    if (options.json) context.json({ id, requested: true, status });
    else context.print(toInterruptedText(id, status));
  });
}

/** A task has other ways to be stopped. */
async function interruptOne(supervisor: SupervisorHandle): Promise<string> {
  try {
    return await supervisor.interrupt();
  } catch (error) {
    if (!isRequestError(error, "wrongKind")) throw error;
    const { id } = supervisor;
    const ways = `bosun steer ${id} MESSAGE --now, bosun pause ${id} or bosun cancel ${id}`;
    throw new RequestError("wrongKind", `${error.message} Stop it with: ${ways}`);
  }
}

export function toInterruptedText(id: string, status: string): string {
  return status === "idle"
    ? `${id} is idle: there is nothing to interrupt.`
    : `${id}: asked to break off. It says so when it has.`;
}
