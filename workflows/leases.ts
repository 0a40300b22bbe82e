// What an agent may spend with its tasks, as plain state.
import {
  addSpent,
  type Ask,
  type Budget,
  type BudgetChange,
  type Dimension,
  dimensions,
  type Grant,
  noSpent,
  type Spent,
  toBudget,
} from "../protocol/budget.ts";

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
const kept = 0.1;
/** What a lease takes of what is left. */
const share = 0.2;

/** US dollars have fractions, the rest is counted. */
const down = (name: Dimension, value: number): number =>
  name === "usd" ? value : Math.floor(value);
const up = (name: Dimension, value: number): number => (name === "usd" ? value : Math.ceil(value));
/** Sums of fractions are not exact. */
const tolerance = 1e-9;

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

/** A new task's lease. What it may need of tasks it asks for, since few hand work on. */
export function giveLease(account: Account, taskId: string, own: Budget): Account {
  const amount = toBudget((name) => {
    const left = leasable(account, name);
    if (left === Infinity) return own[name];
    if (name === "tasks") return 0;
    return down(name, Math.min(own[name] ?? Infinity, share * left));
  });
  return { ...account, leases: { ...account.leases, [taskId]: { amount, n: 0 } } };
}

/** The task never ran. */
export function dropLease(account: Account, taskId: string): Account {
  return settleLease(account, taskId, noSpent);
}

/** A task has ended: what it did not spend is there again. Once. */
export function settleLease(account: Account, taskId: string, spent: Spent): Account {
  const { [taskId]: lease, ...leases } = account.leases;
  if (!lease) return account;
  return giveBack({
    ...account,
    leases,
    settled: addSpent(account.settled, spent),
    asks: account.asks.filter((ask) => ask.taskId !== taskId),
    denied: [],
  });
}

/** Its lease counts as spent until it is known what was. */
export function markReading(account: Account, taskId: string): Account {
  const asks = account.asks.filter((ask) => ask.taskId !== taskId);
  return changeLease({ ...account, asks }, taskId, ({ denied: _, ...lease }) => ({
    ...lease,
    reading: true,
  }));
}

/** Nobody knows any more what it spent: all of it counts. */
export function writeOff(account: Account, taskId: string): Account {
  const { tasks: _, ...lost } = account.leases[taskId]?.amount ?? {};
  return settleLease(account, taskId, { ...noSpent, lost });
}

export function reserve(account: Account, reserved: Budget): Account {
  return { ...account, reserved };
}

/** A call is over, with what it cost, or broken off. */
export function charge(account: Account, spent: Spent): Account {
  return { ...account, reserved: {}, spent: addSpent(account.spent, spent) };
}

/** What a task tells of its lease: what it gives back, and what it lacks. */
export function takeReport(
  account: Account,
  taskId: string,
  { n, held, ask }: { readonly n: number; readonly held: Budget; readonly ask?: Ask },
): Account {
  const lease = account.leases[taskId];
  if (!lease || lease.reading) return account;
  const known = n === lease.n ? lower(account, taskId, held) : account;
  if (!ask) return giveBack(known);
  const others = known.asks.filter((one) => one.taskId !== taskId || one.kind !== ask.kind);
  return giveBack({ ...known, asks: [...others, { ...ask, taskId }] });
}

function lower(account: Account, taskId: string, held: Budget): Account {
  return changeLease(account, taskId, (lease) => ({
    ...lease,
    amount: toBudget((name) =>
      held[name] === undefined
        ? lease.amount[name]
        : Math.min(lease.amount[name] ?? Infinity, held[name]),
    ),
  }));
}

/** Of what was recalled it keeps what is spent or handed on, once it knows how much that is. */
function giveBack(account: Account): Account {
  if (account.recalled.length === 0) return account;
  const pool = toBudget((name) =>
    account.recalled.includes(name) && !isOpenEnded(account, name)
      ? Math.min(account.pool[name] ?? Infinity, committed(account, name))
      : account.pool[name],
  );
  return { ...account, pool };
}

/** Whether a task spends without a limit. */
function isOpenEnded({ leases }: Account, name: Dimension): boolean {
  return Object.values(leases).some(({ amount }) => amount[name] === undefined);
}

/** The part of its lease that its own budget never lets it use goes back. */
export function trim(account: Account): Account {
  if (account.n === undefined) return account;
  const pool = toBudget((name) => {
    const { [name]: own } = account.own;
    const { [name]: had } = account.pool;
    if (own === undefined) return had;
    return Math.min(had ?? Infinity, Math.max(own, committed(account, name)));
  });
  return { ...account, pool };
}

/** A word of the parent. One that was overtaken by a later one still answers its ask. */
export function takeGrant(account: Account, grant: Grant): Account {
  if (account.n === undefined) return account;
  const asked = account.asking.find((ask) => ask.askId === grant.askId);
  const asking = account.asking.filter((ask) => ask !== asked);
  const denied = asked && grant.denied ? [...account.denied, asked.kind] : account.denied;
  if (grant.n <= account.n) return { ...account, asking, denied };
  const recalled = grant.recall ?? [];
  return giveBack({
    ...account,
    asking,
    n: grant.n,
    pool: grant.amount,
    denied: grant.denied ? denied : [],
    recalled,
  });
}

/** Limits set by a person. At the root they are the pool. `short`: more of these is handed out than there may be. */
export function setLimits(
  account: Account,
  change: BudgetChange,
): { readonly account: Account; readonly short: readonly Dimension[] } {
  const isRoot = account.n === undefined;
  const had = isRoot ? account.pool : account.own;
  const limits = toBudget((name) =>
    change[name] === undefined ? had[name] : (change[name] ?? undefined),
  );
  const changed = { ...account, [isRoot ? "pool" : "own"]: limits, denied: [] };
  const short = dimensions.filter(
    (name) =>
      change[name] !== undefined &&
      limitOf(changed, name) < Infinity &&
      (committed(changed, name) > limitOf(changed, name) || isOpenEnded(changed, name)),
  );
  return { account: changed, short };
}

/** Takes back from every open task what it has not spent. They answer with what they keep. */
export function recall(
  account: Account,
  names: readonly Dimension[],
): { readonly account: Account; readonly grants: readonly Grant[] } {
  if (names.length === 0) return { account, grants: [] };
  const grants: Grant[] = [];
  const leases = Object.entries(account.leases).map(([taskId, lease]) => {
    if (lease.reading) return [taskId, lease] as const;
    const next = { ...lease, n: lease.n + 1 };
    grants.push({ leaseId: taskId, n: next.n, amount: next.amount, recall: names });
    return [taskId, next] as const;
  });
  return { account: { ...account, leases: Object.fromEntries(leases) }, grants };
}

export interface Decision {
  readonly account: Account;
  readonly grants: readonly Grant[];
  /** New asks, for its own parent. */
  readonly asks: readonly Ask[];
}

const waits = (ask: Ask): boolean => ask.kind !== "tasks";

/**
 * Answers what can be answered: with what is there, else with what its own parent has. An ask for calls waits
 * while others may give something back. When nobody can, the newest is denied: its task closes, and gives back.
 */
export function decide(given: Account, newId: () => string): Decision {
  const granted = grantAll(given);
  const { grants } = granted;
  let { account } = granted;
  const asks: Ask[] = [];
  for (const kind of ["below", "tasks"] as const) {
    const open = account.asks.filter((ask) => waits(ask) === (kind === "below"));
    const [first] = open;
    if (!first || account.asking.some((ask) => ask.kind === kind)) continue;
    const more = account.denied.includes(kind) ? undefined : askUp(account, first, kind, newId());
    if (more) {
      account = { ...account, asking: [...account.asking, more] };
      asks.push(more);
    } else if (kind === "tasks" || !mayReturn(account)) {
      for (const ask of kind === "tasks" ? open : open.slice(-1)) {
        const { leases, n } = deny(account, ask);
        account = { ...account, leases, asks: account.asks.filter((one) => one !== ask) };
        grants.push(n);
      }
    }
  }
  const denied = account.denied.filter((kind) => kind !== "tasks" || account.asks.some(waitsNot));
  return { account: { ...account, denied }, grants, asks };
}

const waitsNot = (ask: Ask): boolean => !waits(ask);

/** Open asks first, then those that were denied. */
function grantAll(given: Account): { account: Account; grants: Grant[] } {
  const grants: Grant[] = [];
  let account = given;
  const old = Object.entries(given.leases).flatMap(([taskId, { denied }]) =>
    denied ? [{ ...denied, taskId }] : [],
  );
  for (const ask of [...given.asks, ...old]) {
    const amount = toAmount(account, ask);
    const lease = account.leases[ask.taskId];
    if (!amount || !lease) continue;
    const { denied: _, ...rest } = lease;
    const next = { ...rest, amount, n: lease.n + 1 };
    account = {
      ...account,
      leases: { ...account.leases, [ask.taskId]: next },
      asks: account.asks.filter((one) => one !== ask),
    };
    grants.push({ leaseId: ask.taskId, n: next.n, amount, askId: ask.askId });
  }
  return { account, grants };
}

/** All that the lease is with what was asked for, or nothing when that is not there. */
function toAmount(account: Account, { taskId, least, good, most }: OpenAsk): Budget | undefined {
  const had = account.leases[taskId]?.amount ?? {};
  const isThere = dimensions.every(
    (name) => leasable(account, name) + tolerance >= (least[name] ?? 0),
  );
  if (!isThere) return undefined;
  return toBudget((name) => {
    const { [name]: before } = had;
    const { [name]: needed } = least;
    if (before === undefined || needed === undefined) return before;
    const left = leasable(account, name);
    const top = most[name] ?? Infinity;
    if (left === Infinity) return top === Infinity ? undefined : before + top;
    const wanted = Math.min(good[name] ?? needed, left);
    const fair = name === "tasks" ? wanted : Math.max(share * left, wanted);
    return before + Math.max(needed, down(name, Math.min(top, fair)));
  });
}

/** What its own pool would have to grow by, if its own budget and its parent may have so much. */
function askUp(
  account: Account,
  { least, good }: Ask,
  kind: Ask["kind"],
  askId: string,
): Ask | undefined {
  if (account.n === undefined) return undefined;
  const lacking = dimensions.filter((name) => (least[name] ?? 0) > leasable(account, name));
  const of = (wanted: Budget): Budget =>
    toBudget((name) => {
      if (!lacking.includes(name)) return undefined;
      const short = (wanted[name] ?? 0) - leasable(account, name);
      // Below what it keeps, nothing can be handed out, however much there is.
      const keeps = Math.max(0, kept * limitOf(account, name) - free(account, name));
      return name === "tasks" ? short : up(name, (short + keeps) / (1 - kept));
    });
  return toAsk(account, { askId, kind, least: of(least), good: of(good) });
}

/** An ask within its own budget. Nothing when that is used up, or nothing is missing. */
export function toAsk(account: Account, ask: Omit<Ask, "most">): Ask | undefined {
  const room = (name: Dimension): number =>
    (account.own[name] ?? Infinity) - (account.pool[name] ?? Infinity);
  const names = dimensions.filter((name) => (ask.least[name] ?? 0) > 0);
  const isBound = names.some(
    (name) => account.pool[name] === undefined || room(name) + tolerance < (ask.least[name] ?? 0),
  );
  if (account.n === undefined || names.length === 0 || isBound) return undefined;
  const most = toBudget((name) =>
    account.own[name] === undefined || !names.includes(name) ? undefined : room(name),
  );
  return { ...ask, most };
}

/** Whether something may come back by itself: from a task that asks for nothing, or from its own call. */
export function mayReturn(account: Account): boolean {
  if (Object.keys(account.reserved).length > 0) return true;
  const asking = new Set(account.asks.filter(waits).map(({ taskId }) => taskId));
  return Object.keys(account.leases).some((taskId) => !asking.has(taskId));
}

function deny(account: Account, { taskId, ...ask }: OpenAsk) {
  const lease = account.leases[taskId]!;
  const denied = waits(ask) ? { ...lease, denied: ask } : lease;
  const n: Grant = {
    leaseId: taskId,
    n: lease.n,
    amount: lease.amount,
    askId: ask.askId,
    denied: true,
  };
  return { leases: { ...account.leases, [taskId]: denied }, n };
}

function changeLease(account: Account, taskId: string, to: (lease: Lease) => Lease): Account {
  const lease = account.leases[taskId];
  return lease ? { ...account, leases: { ...account.leases, [taskId]: to(lease) } } : account;
}
