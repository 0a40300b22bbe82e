// Answers what an agent asks in words.
import type { Command } from "commander";
import { decisionBytes } from "../../protocol/requests.ts";
import { checkText } from "../check-text.ts";
import type { Context } from "./context.ts";
import { decideRequest, readAsker, toDecidedJson, toDecidedText } from "./decide-request.ts";
import { readInput } from "./read-message.ts";
import { pickId, withBosun } from "./with-bosun.ts";

interface Options {
  readonly json?: boolean;
}

const examples = `
Without a request it is the only question that is open. What waits: bosun inbox

Examples:
  bosun answer researcher-3c "take the newer one"
  bosun answer researcher-3c "take the newer one" q-1f04ab
  bosun answer researcher-3c - < answer.txt
`;

export function addAnswer(program: Command, context: Context): void {
  program
    .command("answer")
    .description("answer a question of an agent")
    .argument("<id>", "the task or supervisor that asks")
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
  await withBosun(context, async (bosun) => {
    const id = await pickId(bosun, given, "any");
    const asker = await readAsker(bosun, id);
    const taken = await decideRequest(asker, { type: "answer", text }, request);
    if (options.json) context.json(toDecidedJson(id, "answer", taken));
    else context.print(toDecidedText(id, taken));
  });
}
