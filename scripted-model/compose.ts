// A script's reply, as a complete message of the API.
import { randomBytes } from "node:crypto";
import { signThinking, toToolUseId } from "./check-binding.ts";
import { checkCalls } from "./check-calls.ts";
import { toCompactionBlock } from "./compaction.ts";
import { type Prefix, toTokens } from "./prefix.ts";
import type { Reply, ToolCall } from "./reply.ts";
import type { MessagesRequest } from "./request.ts";
import type { InputUsage } from "./usage.ts";

export interface ContentBlock {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface Usage extends InputUsage {
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly thinking_tokens: number };
  readonly server_tool_use: null;
  readonly service_tier: "standard";
  readonly speed: "standard";
  readonly inference_geo: null;
}

export interface Answer {
  readonly id: string;
  readonly type: "message";
  readonly role: "assistant";
  readonly model: string;
  readonly content: readonly ContentBlock[];
  readonly stop_reason: string;
  readonly stop_sequence: null;
  readonly stop_details: Readonly<Record<string, unknown>> | null;
  readonly container: null;
  readonly diagnostics: null;
  readonly usage: Usage;
}

export function compose(
  request: MessagesRequest,
  reply: Reply,
  prefix: Prefix,
  input: InputUsage,
): Answer {
  const content = request.compaction
    ? [toCompactionBlock(request, reply.text ?? "")]
    : toContent(request, reply, prefix);
  const stop = request.compaction ? "compaction" : (reply.stopReason ?? stopReasonOf(content));
  return {
    id: `msg_${randomBytes(12).toString("hex")}`,
    type: "message",
    role: "assistant",
    model: request.model,
    content,
    stop_reason: stop,
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: toUsage(input, content),
  };
}

export function withContent(
  answer: Answer,
  content: readonly ContentBlock[],
  stopReason: string,
): Answer {
  return { ...answer, content, stop_reason: stopReason, usage: toUsage(answer.usage, content) };
}

export function textBlock(text: string): ContentBlock {
  return { type: "text", text, citations: null };
}

function toContent(request: MessagesRequest, reply: Reply, prefix: Prefix): ContentBlock[] {
  const calls = request.tool_choice?.type === "none" ? [] : (reply.toolCalls ?? []);
  const allowed = request.tool_choice?.disable_parallel_tool_use ? calls.slice(0, 1) : calls;
  checkCalls(allowed, request.tools ?? []);
  const text = pad(reply.text ?? "", reply.textBytes ?? 0);
  const said = reply.content
    ? reply.content.map((block) => complete(block, prefix.end))
    : [...(text ? [textBlock(text)] : []), ...allowed.map((call) => toToolUse(call, prefix.end))];
  const body = [...toOpenResults(request), ...said];
  const isSigned =
    body.length === 0 || body[0]?.type === "thinking" || request.thinking?.type === "disabled";
  return isSigned ? body : [toThinking(request, prefix.end), ...body];
}

/** Empty unless a summary was asked for, as on the newest models. */
function toThinking(request: MessagesRequest, prefix: string): ContentBlock {
  const isShown = request.thinking?.["display"] === "summarized";
  const thinking = isShown ? "(scripted, no thoughts)" : "";
  return { type: "thinking", thinking, signature: signThinking(request.model, prefix) };
}

function toToolUse({ name, input }: ToolCall, prefix: string): ContentBlock {
  return { type: "tool_use", id: toToolUseId(prefix), name, input, caller: { type: "direct" } };
}

/** Raw blocks of a rule may leave out what the server always adds. */
function complete(block: ContentBlock, prefix: string): ContentBlock {
  if (block.type === "text") return { citations: null, ...block };
  if (block.type !== "tool_use") return block;
  return { id: toToolUseId(prefix), input: {}, caller: { type: "direct" }, ...block };
}

/** A paused turn is continued by the result of the server tool it paused in. */
function toOpenResults(request: MessagesRequest): ContentBlock[] {
  const open = request.messages.at(-1)?.content.at(-1);
  if (open?.type !== "server_tool_use") return [];
  return [
    {
      type: "web_search_tool_result",
      tool_use_id: open.id,
      content: [],
      caller: { type: "direct" },
    },
  ];
}

function stopReasonOf(content: readonly ContentBlock[]): string {
  return content.some(({ type }) => type === "tool_use") ? "tool_use" : "end_turn";
}

function toUsage(input: InputUsage, content: readonly ContentBlock[]): Usage {
  const thinking = content.some(({ type }) => type === "thinking") ? 8 : 0;
  const said = content.filter(({ type }) => type !== "thinking");
  return {
    ...input,
    output_tokens: 1 + thinking + said.reduce((sum, block) => sum + outputTokens(block), 0),
    output_tokens_details: { thinking_tokens: thinking },
    server_tool_use: null,
    service_tier: "standard",
    speed: "standard",
    inference_geo: null,
  };
}

export function outputTokens(block: ContentBlock): number {
  return toTokens(
    typeof block["text"] === "string" ? block["text"] : JSON.stringify(block["input"] ?? block),
  );
}

function pad(text: string, bytes: number): string {
  const missing = bytes - Buffer.byteLength(text);
  return missing > 0
    ? text + "\nscripted filler".repeat(Math.ceil(missing / 16)).slice(0, missing)
    : text;
}
