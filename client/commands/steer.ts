// Gives a running task a new instruction.
import type { Command } from "commander";
import type { SteeringNote } from "../../protocol/messages.ts";
import type { SentNote } from "../task-handle.ts";
import type { Context } from "./context.ts";
import { readMessage } from "./read-message.ts";
import { pickId, withBosun } from "./with-bosun.ts";

interface Options {
  readonly now?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
}

const examples = `
The note is read between two steps of the task, with --now at once: its model call is broken
off. The receipt says at which turn it was read. A task that waits for a person's decision reads
the note after it, and --now withdraws what it asked.

Examples:
  bosun steer reviewer-3c "leave out Markdown files" --wait
  bosun steer reviewer-3c "stop reading, sum up" --now
`;

export function addSteer(program: Command, context: Context): void {
  program
    .command("steer")
    .description("give a running task a new instruction")
    .argument("<task>", "the task")
    .argument("<message>", "the instruction, or - for standard input")
    .option("--now", "break off the model call it is in")
    .option("--wait", "wait for the receipt")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((task: string, message: string, options: Options) =>
      steer(task, message, options, context),
    );
}

async function steer(given: string, text: string, options: Options, context: Context) {
  const message = await readMessage(text, context);
  await withBosun(context, async (bosun) => {
    const taskId = await pickId(bosun, given, "task");
    const when = options.now ? "now" : "next_step";
    const note = await bosun.task(taskId).steer(message, when);
    if (!options.json) context.print(toSentNote(taskId, note, when));
    const receipt = options.wait ? await note.receipt() : null;
    if (options.json) context.json({ taskId, noteId: note.noteId, when, receipt });
    else if (receipt) context.print(`${taskId}: seen at turn ${receipt.turn}, ${receipt.at}`);
  });
}

/** A task that asks a person reads no note before it has its answer. */
export function toSentNote(
  taskId: string,
  { noteId, asked, isPaused }: SentNote,
  when: SteeringNote["when"],
): string {
  const sent = `${taskId}: note ${noteId} sent`;
  if (isPaused) return `${sent}. It is paused and reads the note after: bosun resume ${taskId}`;
  if (asked.length === 0) return sent;
  const ids = asked.map(({ requestId }) => requestId).join(", ");
  if (when === "now") return `${sent}, which withdraws what it asked (${ids})`;
  return `${sent}. It waits for a decision (${ids}) and reads the note after that; --now withdraws what it asks. See: bosun check ${taskId}`;
}
