// What a million tokens costs, by model, as of 2026-11-21.
import type { Usage } from "./turn.ts";

/** US dollars per million tokens. Where the cache prices are not published, the usual ratios hold. */
interface Price {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

const prices: Readonly<Record<string, Price>> = {
  "claude-fable-5-1": { input: 10, output: 50, cacheRead: 1, cacheWrite: 12.5 },
  "claude-opus-5-5": { input: 4, output: 20, cacheRead: 0.2, cacheWrite: 5 },
  "claude-sonnet-5-5": { input: 2, output: 10, cacheRead: 0.2, cacheWrite: 2.5 },
  // Above 100,000 tokens of prompt the price is five times this one; see longPrompt.
  "claude-haiku-5-5": { input: 0.1, output: 0.5, cacheRead: 0.01, cacheWrite: 0.125 },
};

const longPrompt = { model: "claude-haiku-5-5", tokens: 100_000, factor: 5 };

/** The cost of one call in US dollars: 0 when scripted, null when the model has no price here. */
export function toUsd(backend: string, model: string, usage: Omit<Usage, "usd">): number | null {
  if (backend === "scripted") return 0;
  const price = prices[model];
  if (!price) return null;
  const prompt = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
  const factor = model === longPrompt.model && prompt > longPrompt.tokens ? longPrompt.factor : 1;
  const sum =
    usage.inputTokens * price.input +
    usage.outputTokens * price.output +
    usage.cacheReadTokens * price.cacheRead +
    usage.cacheWriteTokens * price.cacheWrite;
  return (factor * sum) / 1_000_000;
}
