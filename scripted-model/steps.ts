// What a response does over time, step by step.
import type { Draft } from "./clamp.ts";
import type { ContentBlock } from "./compose.ts";

export type Step =
  | { readonly do: "send"; readonly text: string }
  | { readonly do: "wait"; readonly ms: number }
  /** Destroys the connection. */
  | { readonly do: "cut" }
  /** Waits until the client goes away. */
  | { readonly do: "hang" };

export interface Timing {
  /** Milliseconds between chunks. */
  readonly paceMs: number;
  /** Milliseconds before the first block, with pings. */
  readonly delayMs: number;
  /** Whether somebody still holds the first block back. */
  readonly isHeld?: () => boolean;
}

/** However long the text, a message takes as many paces, so a turn's length is known. */
const paces = 16;
const minChunk = 12;
const pingMs = 250;
const heldMs = 50;

export function* jsonSteps({ answer }: Draft, timing: Timing): Generator<Step> {
  yield* wait(timing.delayMs + paces * timing.paceMs);
  while (timing.isHeld?.()) yield* wait(heldMs);
  yield { do: "send", text: JSON.stringify(answer) };
}

export function* streamSteps({ answer, lastJson }: Draft, timing: Timing): Generator<Step> {
  const { content, stop_reason, stop_sequence, stop_details, container, usage } = answer;
  const begun = { ...answer, content: [], stop_reason: null, stop_details: null };
  yield event("message_start", { message: { ...begun, usage: { ...usage, output_tokens: 1 } } });
  yield event("ping", {});
  yield* pings(timing.delayMs);
  while (timing.isHeld?.()) yield* pings(heldMs);
  const jsonAt =
    lastJson === undefined ? -1 : content.findLastIndex(({ type }) => type === "tool_use");
  const blocks = content.map((block, at) =>
    toStreamed(block, at === jsonAt ? lastJson : undefined),
  );
  const size = blocks.reduce((sum, { text }) => sum + text.length, 0);
  const chunk = Math.max(minChunk, Math.ceil(size / paces));
  const chunks = blocks.reduce((sum, { text }) => sum + Math.ceil(text.length / chunk), 0);
  yield* wait(Math.max(0, paces - chunks) * timing.paceMs);
  for (const [index, block] of blocks.entries()) {
    yield event("content_block_start", { index, content_block: block.start });
    for (let at = 0; at < block.text.length; at += chunk) {
      yield* wait(timing.paceMs);
      yield event("content_block_delta", {
        index,
        delta: { type: block.delta[0], [block.delta[1]]: block.text.slice(at, at + chunk) },
      });
    }
    for (const delta of block.closing) yield event("content_block_delta", { index, delta });
    yield event("content_block_stop", { index });
  }
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens } = usage;
  const { output_tokens, output_tokens_details, server_tool_use } = usage;
  yield event("message_delta", {
    delta: { stop_reason, stop_sequence, stop_details, container },
    usage: {
      input_tokens,
      cache_creation_input_tokens,
      cache_read_input_tokens,
      output_tokens,
      output_tokens_details,
      server_tool_use,
    },
  });
  yield event("message_stop", {});
}

/** A frame without an `event:` line would be skipped by the SDK. */
export function event(type: string, data: Record<string, unknown>): Step {
  return { do: "send", text: `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n` };
}

/** How a block is streamed: what it starts as, and one growing field. */
interface Streamed {
  readonly start: ContentBlock;
  readonly text: string;
  readonly delta: readonly [type: string, field: string];
  readonly closing: readonly Record<string, unknown>[];
}

function toStreamed(block: ContentBlock, json: string | undefined): Streamed {
  switch (block.type) {
    case "text": {
      const start = { ...block, text: "" };
      return { start, text: textOf(block, "text"), delta: ["text_delta", "text"], closing: [] };
    }
    case "tool_use":
    case "server_tool_use": {
      const text = json ?? JSON.stringify(block["input"]);
      const start = { ...block, input: {} };
      return { start, text, delta: ["input_json_delta", "partial_json"], closing: [] };
    }
    case "thinking": {
      const closing = [{ type: "signature_delta", signature: block["signature"] }];
      const start = { ...block, thinking: "", signature: "" };
      const text = textOf(block, "thinking");
      return { start, text, delta: ["thinking_delta", "thinking"], closing };
    }
    case "compaction": {
      const { content, encrypted_content } = block;
      const closing = [{ type: "compaction_delta", content, encrypted_content }];
      return { start: { ...block, content: null }, text: "", delta: ["", ""], closing };
    }
    default:
      return { start: block, text: "", delta: ["", ""], closing: [] };
  }
}

function textOf(block: ContentBlock, field: string): string {
  const text = block[field];
  return typeof text === "string" ? text : "";
}

function* wait(ms: number): Generator<Step> {
  if (ms > 0) yield { do: "wait", ms };
}

/** A model that thinks for long keeps its line alive. */
function* pings(ms: number): Generator<Step> {
  for (let left = ms; left > 0; left -= pingMs) {
    yield { do: "wait", ms: Math.min(left, pingMs) };
    yield event("ping", {});
  }
}
