// How many tokens a model reads at once, as of 2026-11-21.

const windows: Readonly<Record<string, number>> = {
  "claude-fable-5-1": 1_000_000,
  "claude-opus-5-5": 1_000_000,
  "claude-sonnet-5-5": 1_000_000,
  "claude-haiku-5-5": 1_000_000,
};

/** What is assumed of a model whose window is not known here. */
const assumed = 200_000;

/** What a conversation may take of the window: the rest is for the answer and the next step. */
const share = 0.8;

/** The tokens at which a conversation with this model is compacted. */
export function toCompactTokens(model: string): number {
  return Math.floor(share * (windows[model] ?? assumed));
}
