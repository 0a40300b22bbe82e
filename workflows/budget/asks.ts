// Asks for more: which are granted, passed on or denied.
import {
  type Ask,
  type Budget,
  type Dimension,
  dimensions,
  type Grant,
  toBudget,
} from "../../protocol/budget.ts";
import {
  type Account,
  down,
  free,
  kept,
  leasable,
  limitOf,
  type OpenAsk,
  share,
  tolerance,
  up,
} from "./account.ts";

interface Decision {
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
    } else {
      // One that is denied and waits for something else gives nothing back: then the next one is.
      for (const ask of open.toReversed()) {
        if (kind === "below" && mayReturn(account)) break;
        const answered = deny(account, ask);
        account = answered.account;
        grants.push(answered.grant);
      }
    }
  }
  const denied = account.denied.filter(
    (kind) => kind !== "tasks" || account.asks.some((ask) => !waits(ask)),
  );
  return { account: { ...account, denied }, grants, asks };
}

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
function mayReturn(account: Account): boolean {
  if (Object.keys(account.reserved).length > 0) return true;
  const asking = new Set(account.asks.filter(waits).map(({ taskId }) => taskId));
  return Object.keys(account.leases).some((taskId) => !asking.has(taskId));
}

function deny(account: Account, given: OpenAsk): { account: Account; grant: Grant } {
  const { taskId, ...ask } = given;
  const lease = account.leases[taskId]!;
  const { n, amount } = lease;
  const leases = { ...account.leases, [taskId]: waits(ask) ? { ...lease, denied: ask } : lease };
  const asks = account.asks.filter((one) => one !== given);
  const grant = { leaseId: taskId, n, amount, askId: ask.askId, denied: true } as const;
  return { account: { ...account, leases, asks }, grant };
}
