// A transcript, told again in few words, by rule.
import { cutJson, cutText, jsonLength } from "../../protocol/text.ts";
import type { Block, Message } from "../../protocol/turn.ts";
import { toNotice } from "./notices.ts";
import { toBoardData } from "./board-data.ts";
import type { Board } from "../tasks/board.ts";

const openingBytes = 24_000;
const recentBytes = 60_000;

/**
 * The first message of a new generation: how the old one began, its newest stretch as plain text,
 * and the task board. Nothing in it is signed, so that any backend and model can read it.
 */
export function toDigest(messages: readonly Message[], board: Board, why: string): string {
  const first = messages[0];
  const opening = first ? cutJson(toPlainText(first), openingBytes) : "";
  const data = {
    why,
    messages_before: messages.length,
    ...toBoardData(board),
  };
  return [
    toNotice(
      "new_transcript",
      data,
      "The conversation goes on from here. What follows was said before, shortened.",
    ),
    `It began:\n${opening}`,
    `Most recently:\n${toRecent(messages.slice(1))}`,
  ].join("\n\n");
}

/** The newest messages that fit, oldest first. */
function toRecent(messages: readonly Message[]): string {
  const kept: string[] = [];
  let room = recentBytes;
  for (const message of messages.toReversed()) {
    const text = cutJson(toPlainText(message), 4_000);
    const size = jsonLength(text);
    if (size > room) break;
    room -= size;
    kept.unshift(text);
  }
  return kept.join("\n");
}

/** A message as words. Thinking is left out: it is signed and bound to what came before. */
export function toPlainText(message: Message): string {
  const parts = message.content.map(toPlainBlock).filter((part) => part !== "");
  return `${message.role}: ${parts.join("\n")}`;
}

function toPlainBlock(block: Block): string {
  switch (block.type) {
    case "text":
      return block.text;
    case "tool_use":
      return `[calls ${block.name} ${cutText(JSON.stringify(block.input), 500)}]`;
    case "tool_result":
      return `[result${block.is_error ? ", an error" : ""}: ${cutText(toResultText(block.content), 1_500)}]`;
    default:
      return "";
  }
}

type ResultContent = Extract<Block, { type: "tool_result" }>["content"];

export function toResultText(content: ResultContent): string {
  if (typeof content === "string") return content;
  return (content ?? [])
    .map((part) => (part.type === "text" ? part.text : `(${part.type})`))
    .join("\n");
}
