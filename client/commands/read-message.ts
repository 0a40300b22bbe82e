// A message from the command line, or from standard input.
import { parseEnvironment } from "../../protocol/environment.ts";
import { checkText } from "../check-text.ts";
import { CommandError } from "../command-error.ts";
import type { Context } from "./context.ts";

/** `-` reads standard input to its end. Throws before anything is sent when it cannot be sent. */
export async function readMessage(given: string, context: Context): Promise<string> {
  const most = parseEnvironment(context.env).limits.maxMessageBytes;
  const text = given === "-" ? await readInput(context, most) : given;
  checkText(text, "message", most);
  return text;
}

export async function readInput({ input, isTty }: Context, most: number): Promise<string> {
  if (isTty)
    throw new CommandError("Nothing is piped in. Give the text itself, or: echo … | bosun … -", 2);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    size += bytes.byteLength;
    // Enough to be refused with words.
    if (size > 10 * most) break;
  }
  return Buffer.concat(chunks).toString("utf8").trimEnd();
}
