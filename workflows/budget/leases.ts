// What tasks are lent of a budget, and what comes back.
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
} from "../../protocol/budget.ts";
import {
  type Account,
  committed,
  down,
  isOpenEnded,
  leasable,
  type Lease,
  limitOf,
  share,
} from "./account.ts";

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

function changeLease(account: Account, taskId: string, to: (lease: Lease) => Lease): Account {
  const lease = account.leases[taskId];
  return lease ? { ...account, leases: { ...account.leases, [taskId]: to(lease) } } : account;
}
