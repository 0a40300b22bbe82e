// Sends an agent word from outside.
import type { Command } from "commander";
import { eventBytes } from "../../protocol/events.ts";
import { CommandError } from "../command-error.ts";
import type { SentEvent } from "../send-event.ts";
import type { Context } from "./context.ts";
import { readInput } from "./read-message.ts";
import { pickHandle } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";

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
    const agent = await pickHandle(bosun, given);
    const sent = await agent.event(name, data, options.eventId);
    if (options.json) context.json({ id: agent.id, ...sent });
    else context.print(toEventText(agent.id, sent));
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

export function toEventText(id: string, { name, eventId }: SentEvent): string {
  return `${id}: event ${name} sent (${eventId})`;
}
