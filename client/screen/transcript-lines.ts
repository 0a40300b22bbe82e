// A conversation, readable.
import type { Block, Message, TranscriptPage } from "../../protocol/turn.ts";
import type { Frame } from "./frame.ts";
import { toPlainLine, toPlainText } from "./plain-text.ts";
import { wrapText } from "./wrap-text.ts";

type PageFrame = Pick<Frame, "width" | "palette">;

export function renderTranscript(page: TranscriptPage, frame: PageFrame): readonly string[] {
  return page.messages.flatMap((message, index) => renderMessage(message, index + 1, frame));
}

function renderMessage(message: Message, number: number, frame: PageFrame): readonly string[] {
  const { palette } = frame;
  const head = palette.strong(
    `${number}. ${message.role === "user" ? "to the agent" : "the agent"}`,
  );
  const lines = message.content.flatMap((block) => {
    const text = toText(block);
    return text ? wrapText(text, Math.max(20, frame.width - 2)) : [];
  });
  return [head, ...lines.map((line) => `  ${line}`.trimEnd()), ""];
}

/** Long results are cut here: `--json` has all of them. */
const shownCharacters = 1_500;

function toText(block: Block): string {
  if (block.type === "text") return toPlainText(block.text);
  if (block.type === "tool_use") {
    return `[calls ${block.name} ${cut(toPlainLine(JSON.stringify(block.input)))}]`;
  }
  if (block.type === "tool_result") {
    const kind = block.is_error ? "error" : "result";
    return `[${kind}] ${cut(toPlainText(toResultText(block.content)))}`;
  }
  return `[${block.type.replaceAll("_", " ")}]`;
}

function toResultText(content: Extract<Block, { type: "tool_result" }>["content"]): string {
  if (content === undefined) return "";
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : `[${part.type}]`)).join("\n");
}

function cut(text: string): string {
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
}
