// Sends an agent word from outside.
import type { Command } from "commander";
import { eventBytes } from "../../protocol/events.ts";
import type { Bosun } from "../bosun.ts";
import { isRequestError } from "../request-error.ts";
import type { SentEvent } from "../send-event.ts";
import { CommandError } from "../command-error.ts";
import type { Context } from "./context.ts";
import { readInput } from "./read-message.ts";
import { pickId, withBosun } from "./with-bosun.ts";

interface Options {
  readonly eventId?: string;
  readonly json?: boolean;
}

const examples = `
An agent that waits for the event of this name goes on with its data. One that does not wait yet
finds it when it does: the newest events, of at most 20 names, are kept. The data is any JSON, at
most ${eventBytes} bytes. With --event-id a program may send the same event again: it counts once.

Examples:
  bosun event coder-3c build-done
  bosun event coder-3c build-done '{"commit": "1f04ab", "ok": true}' --event-id build-1f04ab
  bosun event coder-3c build-done - < result.json
`;

export function addEvent(program: Command, context: Context): void {
  program
    .command("event")
    .description("send an agent an event that it waits for")
    .argument("<id>", "the task or supervisor")
    .argument("<name>", "the event's name")
    .argument("[json]", "its data as JSON, or - for standard input")
    .option("--event-id <id>", "makes the event count once, however often it is sent")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((id: string, name: string, json: string | undefined, options: Options) =>
      event(id, name, json, options, context),
    );
}

async function event(
  given: string,
  name: string,
  json: string | undefined,
  options: Options,
  context: Context,
) {
  const text = json === "-" ? await readInput(context, eventBytes) : json;
  const data = text === undefined ? null : parseData(text);
  await withBosun(context, async (bosun) => {
    const id = await pickId(bosun, given, "any");
    const sent = await sendTo(bosun, id, name, data, options.eventId);
    if (options.json) context.json({ id, ...sent });
    else context.print(`${id}: event ${name} sent (${sent.eventId})`);
  });
}

export function parseData(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new CommandError(
      `The data is not JSON: ${text.slice(0, 60)}. A text stands in double quotes, for example '"done"'.`,
      2,
    );
  }
}

export async function sendTo(
  bosun: Bosun,
  id: string,
  name: string,
  data: unknown,
  eventId?: string,
): Promise<SentEvent> {
  try {
    return await bosun.task(id).event(name, data, eventId);
  } catch (error) {
    if (!isRequestError(error, "wrongKind")) throw error;
    return await bosun.supervisor(id).event(name, data, eventId);
  }
}
