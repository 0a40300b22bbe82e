// A tree of accounts over slow lines, for properties.
import {
  addSpent,
  type Ask,
  type Budget,
  type BudgetChange,
  dimensions,
  type Grant,
  noSpent,
  type Spent,
} from "../../protocol/budget.ts";
import { noUsage } from "../../protocol/turn.ts";
import {
  type Account,
  charge,
  free,
  openAccount,
  reserve,
} from "../../workflows/budget/account.ts";
import { decide, toAsk } from "../../workflows/budget/asks.ts";
import {
  giveLease,
  markReading,
  recall,
  setLimits,
  settleLease,
  takeGrant,
  takeReport,
  writeOff,
} from "../../workflows/budget/leases.ts";

interface Report {
  readonly n: number;
  readonly held: Budget;
  readonly ask?: Ask;
}

export interface Node {
  readonly id: string;
  readonly parent: Node | undefined;
  account: Account;
  alive: boolean;
  /** What it really spent. */
  actual: Spent;
  /** On their way from its parent: they arrive in any order. */
  readonly down: Grant[];
  /** On their way to its parent: they arrive in order. */
  readonly up: Report[];
}

export function toSpent(amount: number): Spent {
  return { turns: 1, usd: amount, usage: { ...noUsage, outputTokens: amount, usd: amount } };
}

export class LeaseTree {
  readonly nodes: Node[];
  #ids = 0;

  constructor(pool: Budget) {
    this.nodes = [this.#node(undefined, openAccount(pool))];
  }

  get root(): Node {
    return this.nodes[0]!;
  }
  get alive(): readonly Node[] {
    return this.nodes.filter((node) => node.alive);
  }
  get total(): Spent {
    return this.nodes.reduce((sum, node) => addSpent(sum, node.actual), noSpent);
  }
  childrenOf(parent: Node): readonly Node[] {
    return this.nodes.filter((node) => node.parent === parent);
  }

  start(parent: Node, own: Budget): void {
    if (free(parent.account, "tasks") < 1) return this.ask(parent, "tasks", { tasks: 1 });
    const id = `task-${this.nodes.length}`;
    parent.account = giveLease(parent.account, id, own);
    const { amount } = parent.account.leases[id]!;
    this.nodes.push(this.#node(parent, openAccount(amount, own, 0), id));
  }

  /** Sets a call aside, if it fits. */
  beginCall(node: Node, amount: number): void {
    const cost = { turns: 1, outputTokens: amount, usd: amount };
    if (Object.keys(node.account.reserved).length > 0) return;
    const fits = (["turns", "outputTokens", "usd"] as const).every(
      (name) => free(node.account, name) >= cost[name],
    );
    if (fits) node.account = reserve(node.account, cost);
    else this.ask(node, "calls", cost);
  }

  endCall(node: Node, part: number): void {
    const { outputTokens } = node.account.reserved;
    // What a call cost whose task was terminated, nobody hears.
    if (outputTokens === undefined || !node.alive) return;
    const spent = toSpent(Math.floor(outputTokens * part));
    node.actual = addSpent(node.actual, spent);
    node.account = charge(node.account, spent);
    this.#decide(node);
  }

  ask(node: Node, kind: Ask["kind"], wanted: Budget): void {
    const { account } = node;
    if (account.asking.some((ask) => ask.kind === kind) || account.denied.includes(kind)) return;
    const least = Object.fromEntries(
      dimensions
        .filter((name) => (wanted[name] ?? 0) > free(account, name))
        .map((name) => [name, (wanted[name] ?? 0) - free(account, name)]),
    );
    const ask = toAsk(account, { askId: `b-${this.#ids++}`, kind, least, good: least });
    if (!ask) return;
    node.account = { ...account, asking: [...account.asking, ask] };
    this.#tell(node, ask);
  }

  /** In any order. One that is kept comes once more. */
  hearGrant(node: Node, index: number, isKept = false): void {
    const at = index % Math.max(1, node.down.length);
    const grant = node.down[at];
    if (!isKept) node.down.splice(at, 1);
    if (!grant || !node.alive) return;
    node.account = takeGrant(node.account, grant);
    if (grant.recall && grant.n === node.account.n) {
      this.#recall(node, grant.recall);
      this.#tell(node);
    }
    this.#decide(node);
  }

  hearReport(node: Node): void {
    const report = node.up.shift();
    if (!report || !node.parent?.alive) return;
    this.#change(node.parent, (account) => takeReport(account, node.id, report));
  }

  /** An end in order: its own tasks have ended. One that cannot say what was spent is read. */
  end(node: Node): void {
    if (!node.parent || this.childrenOf(node).some((child) => child.alive)) return;
    if (Object.keys(node.account.reserved).length > 0) return;
    node.alive = false;
    const { leases, spent, settled } = node.account;
    const isKnown = Object.keys(leases).length === 0;
    if (!node.parent.alive) return;
    this.#change(node.parent, (account) =>
      isKnown
        ? settleLease(account, node.id, addSpent(spent, settled))
        : markReading(account, node.id),
    );
  }

  terminate(node: Node): void {
    if (!node.parent) return;
    node.alive = false;
    if (node.parent.alive) this.#change(node.parent, (account) => markReading(account, node.id));
  }

  /** Its record is gone, and that of all below it: nobody can say any more what was spent. */
  lose(node: Node): void {
    if (!node.parent?.alive || !node.parent.account.leases[node.id]) return;
    for (const one of this.treeOf(node)) one.alive = false;
    this.#change(node.parent, (account) => writeOff(account, node.id));
  }

  /** All that the next run knows, and what stands on the board of the run before. */
  roll(node: Node): void {
    node.account = JSON.parse(JSON.stringify(node.account)) as Account;
  }

  /** Twice, as an activity may be. */
  finishReading(node: Node): void {
    const tree = this.treeOf(node);
    if (!node.parent?.account.leases[node.id]?.reading || tree.some(({ alive }) => alive)) return;
    const spent = tree.reduce((sum, { actual }) => addSpent(sum, actual), noSpent);
    this.#change(node.parent, (account) => settleLease(account, node.id, spent));
    this.#change(node.parent, (account) => settleLease(account, node.id, spent));
  }

  set(node: Node, change: BudgetChange): void {
    const { account, short } = setLimits(node.account, change);
    node.account = account;
    this.#recall(node, short);
    this.#decide(node);
  }

  /** Until nothing is on its way any more. */
  deliverAll(): void {
    while (this.nodes.some(({ up, down }) => up.length + down.length > 0)) {
      for (const node of this.nodes) {
        while (node.down.length > 0) this.hearGrant(node, 0);
        while (node.up.length > 0) this.hearReport(node);
      }
    }
  }

  treeOf(node: Node): readonly Node[] {
    return [node, ...this.childrenOf(node).flatMap((child) => this.treeOf(child))];
  }

  #node(parent: Node | undefined, account: Account, id = "root"): Node {
    return { id, parent, account, alive: true, actual: noSpent, down: [], up: [] };
  }

  #change(node: Node, to: (account: Account) => Account): void {
    const { pool } = node.account;
    node.account = to(node.account);
    if (JSON.stringify(pool) !== JSON.stringify(node.account.pool)) this.#tell(node);
    this.#decide(node);
  }

  #decide(node: Node): void {
    const { account, grants, asks } = decide(node.account, () => `b-${this.#ids++}`);
    node.account = account;
    this.#send(grants);
    for (const ask of asks) this.#tell(node, ask);
  }

  #recall(node: Node, names: readonly (keyof Budget)[]): void {
    const { account, grants } = recall(node.account, names);
    node.account = account;
    this.#send(grants);
  }

  #send(grants: readonly Grant[]): void {
    for (const grant of grants) this.nodes.find(({ id }) => id === grant.leaseId)?.down.push(grant);
  }

  #tell({ account, up }: Node, ask?: Ask): void {
    if (account.n === undefined) return;
    up.push({ n: account.n, held: account.pool, ...(ask && { ask }) });
  }
}
