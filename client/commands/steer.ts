// Gives a running task a new instruction.
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { SteeringNote } from "../../protocol/messages.ts";
import type { Receipt } from "../../protocol/task.ts";
import type { SentNote } from "../task-answers.ts";
import type { TaskHandle } from "../task-handle.ts";
import type { Context } from "./context.ts";
import { interruptible } from "./interruptible.ts";
import { readMessage } from "./read-message.ts";
import { pickId } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";

interface Options {
  readonly now?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
}

const examples = `
The note is read between two steps of the task, with --now at once: its model call is broken
off. The receipt says at which turn it was read. A task that waits for a person's decision reads
the note after it, and --now withdraws what it asked. With --wait it ends with 1 when the task
ends first, which then never saw the note. Ctrl-C ends the wait, and the note stays sent.

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
    const handle = bosun.task(taskId);
    const note = await handle.steer(message, when);
    if (!options.json) context.print(toSentNote(taskId, note, when));
    const receipt = options.wait ? await waitForReceipt(handle, note, context) : null;
    if (options.json) context.json({ taskId, noteId: note.noteId, when, receipt });
    else if (receipt) context.print(`${taskId}: seen at turn ${receipt.turn}, ${receipt.at}`);
  });
}

/** Throws in words when the task ends before it has seen the note, and at Ctrl-C. */
async function waitForReceipt(
  handle: TaskHandle,
  note: SentNote,
  context: Context,
): Promise<Receipt> {
  const words = `Stopped waiting. The note ${note.noteId} stays sent. Whether it was seen: bosun check ${handle.id}`;
  return await interruptible(words, async (signal) => {
    const seen = new AbortController();
    const watching = tellGaps(handle, context, AbortSignal.any([signal, seen.signal]));
    try {
      return await note.receipt(signal);
    } finally {
      seen.abort();
      await watching.catch(() => undefined);
    }
  });
}

const lookMs = 3_000;

/** A note is read by a worker only, so that there is none just now is said. */
async function tellGaps(handle: TaskHandle, context: Context, signal: AbortSignal): Promise<void> {
  let isGap = false;
  for (;;) {
    await sleep(lookMs, undefined, { signal });
    const { missing } = await handle.check("digest");
    if (signal.aborted || isGap === (missing !== undefined)) continue;
    isGap = !isGap;
    context.note(
      isGap
        ? "No worker answers just now. Waiting for one (bosun worker)."
        : "A worker answers again.",
    );
  }
}

/** A task that asks a person reads no note before it has its answer. */
function toSentNote(
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
