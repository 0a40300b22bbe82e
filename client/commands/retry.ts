// Begins a new attempt at a task that has ended.
import type { Command } from "commander";
import type { RetryAnswer } from "../retry.ts";
import type { Context } from "./context.ts";
import { readMessage } from "./read-message.ts";
import { pickId } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";

interface Options {
  readonly json?: boolean;
}

const examples = `
The new attempt begins from what was done before, told in few words, and the message. The task
keeps its id: every command then means the newest attempt. The agent that started it hears how
it ends. The attempts before stay readable: bosun check TASK --attempt 1

Examples:
  bosun retry researcher-3c
  bosun retry researcher-3c "leave the generated files out this time"
`;

export function addRetry(program: Command, context: Context): void {
  program
    .command("retry")
    .description("begin a new attempt at a task that has ended")
    .argument("<task>", "the task")
    .argument("[message]", "what to do otherwise, or - for standard input")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((task: string, message: string | undefined, options: Options) =>
      retry(task, message, options, context),
    );
}

async function retry(
  given: string,
  text: string | undefined,
  options: Options,
  context: Context,
): Promise<void> {
  const message = text === undefined ? "" : await readMessage(text, context);
  await withBosun(context, async (bosun) => {
    const taskId = await pickId(bosun, given, "task");
    const answer = await bosun.task(taskId).retry(message);
    if (options.json) context.json(answer);
    else context.print(toRetriedText(answer));
  });
}

export function toRetriedText({ taskId, attempt }: RetryAnswer): string {
  return attempt === null
    ? `${taskId}: stored, no worker has taken it yet. It is tried again when one runs: bosun worker`
    : `${taskId}: attempt ${attempt} begins. See it with: bosun check ${taskId}`;
}
