// The models that are known, as data with a date.
import { z } from "zod";
import { shape } from "./shape.ts";

/** US dollars per million tokens. What is missing is not published. */
export interface Price {
  readonly input: number;
  readonly output: number;
  /** Writing to the cache that is kept for five minutes. */
  readonly cacheWrite?: number;
  readonly cacheRead?: number;
  /** Where longer prompts cost more: from how many tokens on, and how many times as much. */
  readonly longPrompt?: { readonly tokens: number; readonly factor: number };
}
/** By the model's id. */
export type PriceTable = Readonly<Record<string, Price>>;

/** The backend of the scripted model. Any other is the host name of an API. */
export const scriptedBackend = "scripted";

interface KnownModel {
  /** What agent files and settings may call it. */
  readonly short?: string;
  /** How many tokens it reads at once. */
  readonly window: number;
  readonly price: Price;
}

const models: Readonly<Record<string, KnownModel>> = {
  "claude-fable-5-1": { window: 1_000_000, price: { input: 10, output: 50 } },
  "claude-opus-5-5": {
    short: "opus",
    window: 1_000_000,
    price: { input: 4, output: 20, cacheWrite: 5, cacheRead: 0.2 },
  },
  "claude-sonnet-5-5": { short: "sonnet", window: 1_000_000, price: { input: 2, output: 10 } },
  "claude-haiku-5-5": {
    short: "haiku",
    window: 1_000_000,
    price: { input: 0.1, output: 0.5, longPrompt: { tokens: 100_000, factor: 5 } },
  },
};

/** When the table was written. */
export const pricesAsOf = "2026-11-21";
export const pricesSource = "the public price list of the Claude API";

export const publicPrices: PriceTable = Object.fromEntries(
  Object.entries(models).map(([id, { price }]) => [id, price]),
);

const price = z.number().min(0);
export const priceTableShape = shape<z.ZodType<PriceTable>>(
  z.record(
    z.string(),
    z.strictObject({
      input: price,
      output: price,
      cacheWrite: price.exactOptional(),
      cacheRead: price.exactOptional(),
      longPrompt: z.strictObject({ tokens: price, factor: price }).exactOptional(),
    }),
  ),
);

/** A model's id, from that or its short name. A name that is not known is taken as an id. */
export function toModelId(name: string): string {
  return Object.keys(models).find((id) => models[id]?.short === name) ?? name;
}

/** What is assumed of a model whose window is not known. */
const assumedWindow = 200_000;

/** What a conversation may take of the window: the rest is for the answer and the next step. */
const share = 0.8;

/** The tokens at which a conversation with this model is compacted. */
export function toCompactTokens(model: string): number {
  return Math.floor(share * (models[model]?.window ?? assumedWindow));
}
