// What has been said, in order, append-only.
import { byteLength } from "../../protocol/text.ts";
import type {
  Block,
  Message,
  ModelAnswer,
  TextBlock,
  ToolResult,
  TranscriptPage,
} from "../../protocol/turn.ts";

/** One append-only transcript. Backend and model stay the same for its life: answers are signed by them. */
export interface Generation {
  readonly number: number;
  readonly backend: string;
  readonly model: string;
  readonly messages: readonly Message[];
  /** Size of the messages as JSON. */
  readonly bytes: number;
  /** Its size in tokens when it had so many bytes, as the newest answer told it. */
  readonly measured?: { readonly tokens: number; readonly bytes: number };
}

export function beginGeneration(
  number: number,
  backend: string,
  model: string,
  messages: readonly Message[] = [],
): Generation {
  return { number, backend, model, messages, bytes: sizeOf(messages) };
}

/** The generation with one message more. The list grows in place: pages only ever read a prefix. */
export function append(generation: Generation, message: Message): Generation {
  (generation.messages as Message[]).push(message);
  return { ...generation, bytes: generation.bytes + sizeOf([message]) };
}

/** The generation with what an answer tells of its size. The answer itself is counted when it will be kept. */
export function measure(generation: Generation, answer: ModelAnswer): Generation {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens } = answer.usage;
  const read = inputTokens + cacheReadTokens + cacheWriteTokens;
  const { bytes } = generation;
  if (answer.stopReason === "max_tokens") {
    return { ...generation, measured: { tokens: read, bytes } };
  }
  const kept: Message = { role: "assistant", content: withoutEmptyText(answer.content) };
  const measured = { tokens: read + outputTokens, bytes: bytes + sizeOf([kept]) };
  return { ...generation, measured };
}

/** A token is about three bytes: few enough that the estimate is seldom too low. */
const bytesPerToken = 3;

/** As measured, and what has come since by its bytes. */
export function tokensOf({ measured, bytes }: Generation): number {
  const { tokens, bytes: known } = measured ?? { tokens: 0, bytes: 0 };
  return tokens + Math.ceil(Math.max(0, bytes - known) / bytesPerToken);
}

/** How many messages lie before what is unanswered. */
export function countAnswered({ messages }: Generation): number {
  return messages.findLastIndex((message) => message.role === "assistant") + 1;
}

/** A user message: results first, then text, as the Messages API wants it. */
export function toUserMessage(results: readonly ToolResult[], texts: readonly string[]): Message {
  return { role: "user", content: [...results, ...texts.map(toTextBlock)] };
}

function toTextBlock(text: string): TextBlock {
  return { type: "text", text };
}

/** The words of an answer, without thinking and tool calls. */
export function toWords(content: readonly Block[]): string {
  return content
    .flatMap((block) => (block.type === "text" ? [block.text] : []))
    .join("\n")
    .trim();
}

/** An answer as it may go back: an empty text block is refused by the API, everything else stays. */
export function withoutEmptyText(content: readonly Block[]): readonly Block[] {
  return content.filter((block) => block.type !== "text" || block.text.trim() !== "");
}

/** Below the 2 MiB a query may answer, with room for the header. */
const pageBytes = 900_000;

/** A page of messages from `from` up to `to`, cut where it would grow too large. */
export function toPage(generation: Generation, from: number, to: number): TranscriptPage {
  const messages: Message[] = [];
  let bytes = 0;
  for (const message of generation.messages.slice(from, to)) {
    bytes += sizeOf([message]);
    if (messages.length > 0 && bytes > pageBytes) break;
    messages.push(message);
  }
  return { generation: generation.number, total: generation.messages.length, messages };
}

export function sizeOf(messages: readonly Message[]): number {
  return messages.reduce((sum, message) => sum + byteLength(JSON.stringify(message)), 0);
}
