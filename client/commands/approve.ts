// Lets a call go on that waits for a person.
import type { Command } from "commander";
import type { Decision } from "../../protocol/requests.ts";
import { CommandError, reason } from "../command-error.ts";
import type { Context } from "./context.ts";
import { decideAndTell } from "./decide-request.ts";
import { readInput } from "./read-message.ts";

interface Options {
  readonly edit?: string;
  readonly json?: boolean;
}

const examples = `
Without a request it is the only approval that is asked for. What waits: bosun inbox
With --edit the call runs with these arguments instead of its own: all of them, as one object.

Examples:
  bosun approve writer-3c
  bosun approve q-1f04ab
  bosun approve writer-3c --edit '{"path": "notes.md", "content": "Nothing found."}'
  bosun approve writer-3c --edit - < arguments.json
`;

export function addApprove(program: Command, context: Context): void {
  program
    .command("approve")
    .description("let a call run that waits for a person")
    .argument("<id>", "who asks, or the request itself")
    .argument("[request]", "which request, when there are several")
    .option("--edit <json>", "other arguments for the call, or - for standard input")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((id: string, request: string | undefined, options: Options) =>
      approve(id, request, options, context),
    );
}

async function approve(
  given: string,
  request: string | undefined,
  options: Options,
  context: Context,
) {
  const input = options.edit === undefined ? undefined : await readEdit(options.edit, context);
  const decision: Decision = { type: "approve", ...(input && { input }) };
  await decideAndTell({ given, request }, decision, options, context);
}

/** Far more than any call takes. */
const editBytes = 200_000;

async function readEdit(given: string, context: Context): Promise<Record<string, unknown>> {
  const text = given === "-" ? await readInput(context, editBytes) : given;
  const edit = parse(text);
  if (typeof edit === "object" && edit !== null && !Array.isArray(edit)) return { ...edit };
  throw notArguments("is no JSON object");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notArguments(`is not JSON: ${reason(error)}`);
  }
}

function notArguments(what: string): CommandError {
  return new CommandError(
    `What --edit gives ${what}.\nGive all arguments of the call, quoted for the shell: --edit '{"path": "notes.md", …}'`,
    2,
  );
}
