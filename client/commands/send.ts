// Sends a message to a supervisor.
import type { Command } from "commander";
import { asksPerson, renderEntry } from "../screen/feed-lines.ts";
import { toPalette } from "../screen/palette.ts";
import { toPlainText } from "../screen/plain-text.ts";
import type { Sent, SupervisorHandle } from "../supervisor-handle.ts";
import { CommandError } from "../command-error.ts";
import type { Context } from "./context.ts";
import { interruptible } from "./interruptible.ts";
import { readMessage } from "./read-message.ts";
import { toSentText } from "./start.ts";
import { pickId } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";

interface Options {
  readonly wait?: boolean;
  readonly json?: boolean;
}

const examples = `
Examples:
  bosun send supervisor-1f "What is each of them doing right now?" --wait
  git diff | bosun send supervisor-1f -
`;

export function addSend(program: Command, context: Context): void {
  program
    .command("send")
    .description("send a message to a supervisor")
    .argument("<id>", "the supervisor")
    .argument("<message>", "the message, or - for standard input")
    .option("--wait", "wait for the reply and print it")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((id: string, message: string, options: Options) => send(id, message, options, context));
}

async function send(given: string, text: string, options: Options, context: Context) {
  const message = await readMessage(text, context);
  await withBosun(context, async (bosun) => {
    const id = await pickId(bosun, given, "supervisor");
    const supervisor = bosun.supervisor(id);
    const after = options.wait ? await supervisor.lastEntry() : 0;
    const sent = await supervisor.send(message);
    const remark = toSentText(sent);
    const isKept = sent.stored === "signalled" || (sent.paused && options.wait);
    if (isKept && !options.json) context.note(remark);
    const words = `Stopped waiting. The message stays sent, and is answered in: bosun chat ${id}`;
    const reply = options.wait
      ? await interruptible(words, (signal) =>
          waitForReply(supervisor, sent, { after, signal }, context),
        )
      : null;
    const { id: messageId, ...how } = sent;
    if (options.json) context.json({ id, messageId, ...how, reply });
    else if (reply !== null) context.print(toPlainText(reply));
    else if (sent.stored === "accepted") context.print(`${id}: ${remark}`);
  });
}

/** Troubles and tasks go by on standard error, so that standard output is the reply alone. */
async function waitForReply(
  supervisor: SupervisorHandle,
  { id }: Sent,
  options: { readonly after: number; readonly signal: AbortSignal },
  context: Context,
): Promise<string> {
  const frame = { width: context.columns(), palette: toPalette(false), stamp: "" };
  const onGap = (open: boolean) => {
    if (open) context.note("No worker answers just now. Waiting for one (bosun worker).");
  };
  for await (const entry of supervisor.follow({ ...options, onGap })) {
    const { event } = entry;
    if (event.type === "reply" && event.answers.includes(id)) return event.text;
    if (event.type === "trouble" || event.type === "task" || event.type === "request") {
      for (const line of renderEntry(entry, frame)) context.note(line);
    }
    if (asksPerson(event)) {
      context.note("  Decide it from another terminal: bosun inbox");
    }
  }
  throw new CommandError(`${supervisor.id} ended before it answered.`);
}
