// Whether a model call fits into what may be spent.
import type { ModelPurpose } from "../../protocol/activities.ts";
import { type Ask, type Budget, type Dimension, toBudget } from "../../protocol/budget.ts";
import { toTokenPrices } from "../../protocol/prices.ts";
import type { Price } from "../../protocol/models.ts";
import { byteLength } from "../../protocol/text.ts";
import { type Agent, boundModelOf } from "../agent/agent.ts";
import { free } from "./account.ts";
import { toAsk } from "./asks.ts";
import { tokensOf } from "../transcript/transcript.ts";

interface CallRoom {
  readonly maxTokens: number;
  /** What it may cost at most. */
  readonly cost: Budget;
}

/** What a call needs at least, and what would let it write as much as it may. */
interface Need {
  readonly least: Budget;
  readonly good: Budget;
  readonly room: CallRoom | undefined;
}

const spendable: readonly Dimension[] = ["turns", "outputTokens", "usd"];
/** Turns that an ask is good for. */
const goodTurns = 10;

/** The tokens it may write and what they cost, or nothing when it does not fit. */
export function toRoom(agent: Agent, purpose: ModelPurpose): CallRoom | undefined {
  const { account } = agent.state;
  const most = maxTokensOf(agent, purpose);
  if (spendable.every((name) => free(account, name) === Infinity)) {
    return { maxTokens: most, cost: {} };
  }
  return measureCall(agent, purpose).room;
}

/** What it would have to ask its parent for, or nothing when that cannot help. */
export function toCallAsk(agent: Agent, askId: string): Ask | undefined {
  const { account } = agent.state;
  const { least, good } = measureCall(agent, "turn");
  const missing = (needed: Budget): Budget =>
    toBudget((name) =>
      (least[name] ?? 0) > free(account, name)
        ? (needed[name] ?? 0) - free(account, name)
        : undefined,
    );
  return toAsk(account, { askId, kind: "calls", least: missing(least), good: missing(good) });
}

/** The turns an agent has by itself: as set for it, else by its file. */
export function maxTurnsOf({ role, state, settings }: Agent): number {
  const set = role === "subagent" ? state.account.own.turns : undefined;
  return set ?? state.definition?.maxTurns ?? settings.limits.maxTurns;
}

/** What is used up: the limits in which no further turn fits. */
export function usedUp(agent: Agent): readonly Dimension[] {
  const { least } = measureCall(agent, "turn");
  return spendable.filter((name) => (least[name] ?? 0) > free(agent.state.account, name));
}

/** Doubled for each answer that was cut off, twice at most. */
function maxTokensOf({ state, settings }: Agent, purpose: ModelPurpose): number {
  if (purpose === "summary") return settings.limits.maxTokens;
  const base = state.definition?.maxTokens ?? settings.limits.maxTokens;
  return base * 2 ** state.cutOff;
}

/** The price of its model, as the agent was started with it. */
export function priceOf(agent: Agent): Price | undefined {
  return agent.settings.prices?.[boundModelOf(agent)];
}

/**
 * Before its last call an agent keeps back what that one needs: a turn, some tokens, and the price of reading
 * everything once more.
 */
function measureCall(agent: Agent, purpose: ModelPurpose): Need {
  const { account } = agent.state;
  const isLast = purpose === "closing";
  const most = maxTokensOf(agent, purpose);
  const closing = agent.settings.limits.closingTokens;
  const least = isLast ? Math.ceil(closing / 10) : leastTokens(agent, most);
  const input = inputTokens(agent);
  const { input: inputPrice, output: outputPrice } = tokenPrices(agent, input);
  const keep = isLast
    ? { turns: 0, outputTokens: 0, usd: 0 }
    : { turns: 1, outputTokens: closing, usd: input * inputPrice + closing * outputPrice };
  // What is written now is read again by the call after it.
  const each = outputPrice + (isLast ? 0 : inputPrice);
  const turns = purpose === "summary" ? 0 : 1;
  const toNeed = (tokens: number): Budget => ({
    turns: turns + keep.turns,
    outputTokens: tokens + keep.outputTokens,
    usd: input * inputPrice + keep.usd + tokens * each,
  });
  const needed = toNeed(least);
  const isThere = spendable.every((name) => (needed[name] ?? 0) <= free(account, name));
  const usdLeft = free(account, "usd") - input * inputPrice - keep.usd;
  const byUsd = each > 0 ? Math.floor(usdLeft / each) : Infinity;
  const maxTokens = Math.min(most, free(account, "outputTokens") - keep.outputTokens, byUsd);
  const cost = {
    turns,
    outputTokens: maxTokens,
    usd: input * inputPrice + maxTokens * outputPrice,
  };
  const room = isThere && maxTokens >= least ? { maxTokens, cost } : undefined;
  return { least: needed, good: { ...toNeed(most), turns: goodTurns }, room };
}

/** Enough to say something, and more than an answer was given that was cut off. */
function leastTokens({ state, settings }: Agent, most: number): number {
  const more = state.cutOff > 0 ? state.spending.allowed + 1 : 0;
  return Math.min(most, Math.max(settings.limits.closingTokens, more));
}

/** As the newest answer told it, else by the bytes of all that is sent. */
function inputTokens({ state }: Agent): number {
  const known = tokensOf(state.generation);
  if (state.generation.measured) return known;
  const { system = "", tools = [] } = state.definition ?? {};
  return known + Math.ceil(byteLength(system + JSON.stringify(tools)) / 3);
}

/** Nothing is assumed to be in the cache. A model without a price costs tokens only. */
function tokenPrices(agent: Agent, tokens: number): { input: number; output: number } {
  const price = priceOf(agent);
  return price ? toTokenPrices(price, tokens) : { input: 0, output: 0 };
}
