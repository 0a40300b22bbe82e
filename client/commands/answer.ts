// Answers what an agent asks in words.
import type { Command } from "commander";
import { decisionBytes } from "../../protocol/requests.ts";
import { checkText } from "../check-text.ts";
import type { Context } from "./context.ts";
import { decideAndTell } from "./decide-request.ts";
import { readInput } from "./read-message.ts";

interface Options {
  readonly json?: boolean;
}

const examples = `
Without a request it is the only question that is open. What waits: bosun inbox

Examples:
  bosun answer researcher-3c "take the newer one"
  bosun answer q-1f04ab "take the newer one"
  bosun answer researcher-3c - < answer.txt
`;

export function addAnswer(program: Command, context: Context): void {
  program
    .command("answer")
    .description("answer a question of an agent")
    .argument("<id>", "who asks, or the request itself")
    .argument("<text>", "the answer, or - for standard input")
    .argument("[request]", "which question, when there are several")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((id: string, text: string, request: string | undefined, options: Options) =>
      answer(id, text, request, options, context),
    );
}

async function answer(
  given: string,
  words: string,
  request: string | undefined,
  options: Options,
  context: Context,
) {
  const text = words === "-" ? await readInput(context, decisionBytes.answer) : words;
  checkText(text, "answer", decisionBytes.answer);
  await decideAndTell({ given, request }, { type: "answer", text }, options, context);
}
