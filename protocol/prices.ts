// What the tokens of a call cost.
import { type Price, type PriceTable, publicPrices, scriptedBackend } from "./models.ts";
import type { Usage } from "./turn.ts";

/** Where no price of cache writes is published, the ratio of the model that has one. */
const writeRatio = 1.25;
const million = 1_000_000;

/** What agents are started with: the scripted model costs nothing, unless prices are set. */
export function toPriceTable(backend: string, set: PriceTable): PriceTable {
  return backend === scriptedBackend ? set : { ...publicPrices, ...set };
}

type Tokens = Omit<Usage, "usd" | "calls">;

/** The cost of tokens in US dollars. Cache reads without a published price cost as much as input: never too little. */
export function toCost(price: Price, tokens: Tokens): number {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = tokens;
  const write = price.cacheWrite ?? price.input * writeRatio;
  const sum =
    inputTokens * price.input +
    outputTokens * price.output +
    cacheReadTokens * (price.cacheRead ?? price.input) +
    cacheWriteTokens * write;
  return (factorOf(price, inputTokens + cacheReadTokens + cacheWriteTokens) * sum) / million;
}

/** The cost of one call in US dollars: 0 when scripted without a price, null when the model has none. */
export function toUsd(backend: string, price: Price | undefined, tokens: Tokens): number | null {
  if (price) return toCost(price, tokens);
  return backend === scriptedBackend ? 0 : null;
}

/** What one token costs at most, with nothing of the prompt in the cache. */
export function toTokenPrices(
  price: Price,
  inputTokens: number,
): { input: number; output: number } {
  const factor = factorOf(price, inputTokens);
  const input = Math.max(price.input, price.cacheWrite ?? price.input * writeRatio);
  return { input: (factor * input) / million, output: (factor * price.output) / million };
}

function factorOf({ longPrompt }: Price, inputTokens: number): number {
  return longPrompt && inputTokens > longPrompt.tokens ? longPrompt.factor : 1;
}
