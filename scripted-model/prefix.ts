// What came before each block, as a keyed hash.
import { createHmac } from "node:crypto";
import type { Block, MessagesRequest } from "./request.ts";

/** Fixed, so that signatures outlive a restart of the server. */
const key = "bosun scripted model, not a secret";

export interface PrefixStep {
  readonly block: Block;
  readonly messageIndex: number;
  /** Hash of model, system, tools and every block before this one. */
  readonly before: string;
  readonly after: string;
  /** Estimated tokens up to and including this block. */
  readonly tokens: number;
}

export interface Prefix {
  /** Hash of system and tools alone. */
  readonly setup: string;
  readonly steps: readonly PrefixStep[];
  readonly end: string;
  readonly tokens: number;
}

export function mac(...parts: readonly string[]): string {
  return createHmac("sha256", key).update(parts.join("\n")).digest("base64url");
}

/** Message boundaries do not count: the API merges neighbours of the same role. */
export function toPrefix(request: MessagesRequest): Prefix {
  const setupText = canonical({ system: request.system ?? [], tools: request.tools ?? [] });
  const setup = mac(setupText);
  const steps: PrefixStep[] = [];
  let end = mac(request.model, setup);
  let tokens = toTokens(setupText);
  for (const [messageIndex, { role, content }] of request.messages.entries()) {
    for (const block of content) {
      const text = canonical(block);
      const before = end;
      end = mac(before, role, text);
      tokens += toTokens(text);
      steps.push({ block, messageIndex, before, after: end, tokens });
    }
  }
  return { setup, steps, end, tokens };
}

/** About four bytes a token. */
export function toTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}

/** JSON with sorted keys and without `cache_control`, which may move freely. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (name, inner: unknown) => {
    if (name === "cache_control") return undefined;
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
