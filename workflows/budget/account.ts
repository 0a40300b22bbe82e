// What an agent may spend, has spent and has handed on.
import {
  addSpent,
  type Ask,
  type Budget,
  type Dimension,
  noSpent,
  type Spent,
} from "../../protocol/budget.ts";

/** What a task was given of its parent's pool. */
export interface Lease {
  /** What is missing has no limit. */
  readonly amount: Budget;
  /** Counts the grants. */
  readonly n: number;
  /** It was stopped from outside: what its tree has spent is being read. */
  readonly reading?: true;
  /** An ask for which there was nothing to be had, and may be later. */
  readonly denied?: Ask;
}

/** An ask of a task. */
export interface OpenAsk extends Ask {
  readonly taskId: string;
}

export interface Account {
  /** All that it may spend, its tasks included. */
  readonly pool: Budget;
  /** What was set for it, where that is tighter. */
  readonly own: Budget;
  /** The newest grant of its parent. Missing: it asks nobody. */
  readonly n?: number;
  /** Its own calls. */
  readonly spent: Spent;
  /** Tasks that have ended, with all below them. */
  readonly settled: Spent;
  /** What the call under way may cost at most. */
  readonly reserved: Budget;
  readonly leases: Readonly<Record<string, Lease>>;
  /** What its tasks wait for, oldest first. */
  readonly asks: readonly OpenAsk[];
  /** What it waits for itself: one of each kind. */
  readonly asking: readonly Ask[];
  /** Kinds for which its parent had nothing, until something changes. */
  readonly denied: readonly Ask["kind"][];
  /** Of these it keeps only what is spent or handed on. */
  readonly recalled: readonly Dimension[];
}

export function openAccount(pool: Budget, own: Budget = {}, n?: number): Account {
  return {
    pool,
    own,
    ...(n !== undefined && { n }),
    spent: noSpent,
    settled: noSpent,
    reserved: {},
    leases: {},
    asks: [],
    asking: [],
    denied: [],
    recalled: [],
  };
}

/** What of a pool stays with its agent, for its own words. Tasks say nothing. */
export const kept = 0.1;

/** What a lease takes of what is left. */
export const share = 0.2;

/** US dollars have fractions, the rest is counted. */
export const down = (name: Dimension, value: number): number =>
  name === "usd" ? value : Math.floor(value);

export const up = (name: Dimension, value: number): number =>
  name === "usd" ? value : Math.ceil(value);

/** Sums of fractions are not exact. */
export const tolerance = 1e-9;

export function limitOf({ pool, own }: Account, name: Dimension): number {
  return Math.min(pool[name] ?? Infinity, own[name] ?? Infinity);
}

export function amountOf({ turns, usd, usage, lost }: Spent, name: Dimension): number {
  switch (name) {
    case "turns":
      return turns + (lost?.turns ?? 0);
    case "outputTokens":
      return usage.outputTokens + (lost?.outputTokens ?? 0);
    case "usd":
      return usd + (lost?.usd ?? 0);
    case "tasks":
      return 0;
  }
}

/** Spent, about to be spent, or handed to tasks. A lease without a limit counts as nothing. */
export function committed(account: Account, name: Dimension): number {
  const { spent, settled, reserved } = account;
  const own = amountOf(spent, name) + amountOf(settled, name) + (reserved[name] ?? 0);
  return Object.values(account.leases).reduce(
    (sum, { amount }) => sum + (amount[name] ?? 0) + (name === "tasks" ? 1 : 0),
    own,
  );
}

/** What the agent may still spend itself. */
export function free(account: Account, name: Dimension): number {
  // Until its tasks have said what they spent, nobody knows whether anything is left.
  if (account.recalled.includes(name) && account.pool[name] === undefined) return 0;
  const limit = limitOf(account, name);
  return limit === Infinity ? Infinity : limit - committed(account, name);
}

/** What tasks may have of it. As long as one spends without a limit, nothing is known to be left. */
export function leasable(account: Account, name: Dimension): number {
  const limit = limitOf(account, name);
  if (limit === Infinity && !account.recalled.includes(name)) return Infinity;
  if (isOpenEnded(account, name) || account.recalled.includes(name)) return 0;
  return Math.max(0, free(account, name) - (name === "tasks" ? 0 : kept * limit));
}

export function reserve(account: Account, reserved: Budget): Account {
  return { ...account, reserved };
}

/** A call is over, with what it cost, or broken off. */
export function charge(account: Account, spent: Spent): Account {
  return { ...account, reserved: {}, spent: addSpent(account.spent, spent) };
}

/** Whether a task spends without a limit. */
export function isOpenEnded({ leases }: Account, name: Dimension): boolean {
  return Object.values(leases).some(({ amount }) => amount[name] === undefined);
}
