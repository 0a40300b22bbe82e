// What a call costs in tokens, with a prompt cache.
import type { Prefix } from "./prefix.ts";
import type { MessagesRequest } from "./request.ts";

export interface InputUsage {
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation: {
    readonly ephemeral_5m_input_tokens: number;
    readonly ephemeral_1h_input_tokens: number;
  };
}

/** Tokens after the last cacheable block: the start of the answer. */
const framing = 4;
const maxKnown = 100_000;

/** Which prefixes were seen before. Time to live and minimum length are not modelled. */
export class PromptCache {
  readonly #known = new Set<string>();

  charge(request: MessagesRequest, prefix: Prefix): InputUsage {
    const ttl = cacheTtl(request);
    if (!ttl) return toUsage(prefix.tokens + framing, 0, 0, "5m");
    const hit = prefix.steps.findLast((step) => this.#known.has(step.after));
    const read = hit?.tokens ?? 0;
    for (const { after } of prefix.steps) this.#remember(after);
    return toUsage(framing, prefix.tokens - read, read, ttl);
  }

  #remember(hash: string): void {
    this.#known.delete(hash);
    this.#known.add(hash);
    if (this.#known.size <= maxKnown) return;
    for (const oldest of this.#known) {
      this.#known.delete(oldest);
      break;
    }
  }
}

function toUsage(input: number, created: number, read: number, ttl: "5m" | "1h"): InputUsage {
  return {
    input_tokens: input,
    cache_creation_input_tokens: created,
    cache_read_input_tokens: read,
    cache_creation: {
      ephemeral_5m_input_tokens: ttl === "5m" ? created : 0,
      ephemeral_1h_input_tokens: ttl === "1h" ? created : 0,
    },
  };
}

/** Nothing is cached unless the request asks for it, at the top or on any block. */
function cacheTtl(request: MessagesRequest): "5m" | "1h" | null {
  const marks = [
    request.cache_control,
    ...(request.system ?? []).map((block) => block.cache_control),
    ...request.messages.flatMap(({ content }) =>
      content.map((block) =>
        "cache_control" in block ? (block.cache_control as typeof request.cache_control) : null,
      ),
    ),
  ];
  const mark = marks.find((entry) => entry != null);
  return mark ? (mark.ttl ?? "5m") : null;
}
