// What an agent, its model and its tools say to each other.
import type Anthropic from "@anthropic-ai/sdk";

/** A content block, kept byte for byte as the model sent it. */
export type Block = Anthropic.ContentBlockParam;
export type TextBlock = Anthropic.TextBlockParam;
export type ToolResult = Anthropic.ToolResultBlockParam;

export interface Message {
  readonly role: "user" | "assistant";
  readonly content: readonly Block[];
}

/** A tool as the model sees it. Frozen for the life of a generation. */
export interface ToolDeclaration {
  readonly name: string;
  readonly description: string;
  readonly input_schema: { readonly type: "object"; readonly [key: string]: unknown };
}

/** A tool call of an answer. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

/** A tool's result, as the model sees it. */
export interface ToolAnswer {
  readonly text: string;
  readonly isError: boolean;
}

/** Tokens and calls spent. `inputTokens` counts uncached input only. */
export interface Usage {
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  /** US dollars by the price table, or null once a call's model had no known price. */
  readonly usd: number | null;
}

export const noUsage: Usage = {
  calls: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  usd: 0,
};

/** The price of both is unknown when that of one is. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    calls: a.calls + b.calls,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
    usd: a.usd === null || b.usd === null ? null : a.usd + b.usd,
  };
}

/** Everything a model call sends before the messages: the same for a whole generation. */
export interface TranscriptHeader {
  readonly model: string;
  readonly backend: string;
  readonly system: string;
  readonly tools: readonly ToolDeclaration[];
}

/** A stretch of one generation's transcript: messages `[from, from + messages.length)`. */
export interface TranscriptPage {
  readonly generation: number;
  /** Messages in the whole generation. */
  readonly total: number;
  readonly messages: readonly Message[];
  /** Only on a page that begins at 0. */
  readonly header?: TranscriptHeader;
}

/** Points at a prefix of a transcript. Never the transcript itself: inputs are history. */
export interface TranscriptRef {
  readonly workflowId: string;
  readonly runId: string;
  readonly generation: number;
  /** Count of messages in the prefix. */
  readonly upTo: number;
  /** The last messages of the prefix where they are short. Left out by workflow workers of version 0.1. */
  readonly tail?: readonly Message[];
  /** What goes before the messages, by name. Missing where the agent was loaded by version 0.1. */
  readonly header?: HeaderKey;
}

/** Two headers with the same key are the same. */
export interface HeaderKey {
  /** `AgentDefinition.print`. */
  readonly print: string;
  readonly model: string;
  readonly backend: string;
}

/** One answer of the model, named fields only, `content` verbatim. */
export interface ModelAnswer {
  readonly messageId: string;
  readonly requestId: string | null;
  readonly model: string;
  readonly content: readonly Block[];
  /** As the API said it. Known values are handled one by one, any other fails the turn. */
  readonly stopReason: string | null;
  /** Why, when the model declined. */
  readonly stopDetail?: string;
  readonly usage: Usage;
}
