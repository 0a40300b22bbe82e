// Leases under any order of events.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Ask, type Budget, dimensions } from "../../protocol/budget.ts";
import {
  amountOf,
  committed,
  free,
  limitOf,
  openAccount,
  reserve,
} from "../../workflows/budget/account.ts";
import { decide } from "../../workflows/budget/asks.ts";
import { giveLease, takeGrant, takeReport } from "../../workflows/budget/leases.ts";
import { LeaseTree, type Node } from "./lease-tree.ts";
import { holds } from "./property.ts";

const acts = [
  "start",
  "start",
  "beginCall",
  "beginCall",
  "endCall",
  "hearGrant",
  "hearReport",
  "hearReport",
  "end",
  "terminate",
  "read",
  "raise",
] as const;
/** What nobody plans for: the tree rolls, words come twice, records vanish. */
const mishaps = [...acts, "end", "roll", "hearTwice", "lose", "terminate"] as const;
type Act = (typeof mishaps)[number] | "lower";

const counted = ["turns", "outputTokens", "usd"] as const;

const step = (kinds: readonly Act[]) =>
  fc.record({ act: fc.constantFrom(...kinds), at: fc.nat(30), amount: fc.nat(300) });
const pool = fc.record({
  turns: fc.integer({ min: 5, max: 200 }),
  outputTokens: fc.integer({ min: 1, max: 1_000 }),
  usd: fc.integer({ min: 1, max: 1_000 }),
  tasks: fc.integer({ min: 2, max: 12 }),
});
type Step = { readonly act: Act; readonly at: number; readonly amount: number };

function take(tree: LeaseTree, { act, at, amount }: Step): void {
  const { alive, nodes } = tree;
  const node = alive[at % alive.length]!;
  const any = nodes[at % nodes.length]!;
  switch (act) {
    case "start":
      return tree.start(node, amount % 3 === 0 ? { outputTokens: amount + 1 } : {});
    case "beginCall":
      return tree.beginCall(node, 1 + (amount % 60));
    case "endCall":
      return tree.endCall(node, (amount % 11) / 10);
    case "hearGrant":
      return tree.hearGrant(any, amount);
    case "hearTwice":
      return tree.hearGrant(any, amount, true);
    case "roll":
      return tree.roll(any);
    case "lose":
      return amount % 4 === 0 ? tree.lose(any) : undefined;
    case "hearReport":
      return tree.hearReport(any);
    case "end":
      return tree.end(node);
    case "terminate":
      return amount % 4 === 0 ? tree.terminate(node) : undefined;
    case "read":
      return nodes.forEach((one) => tree.finishReading(one));
    case "raise": {
      const { root } = tree;
      const outputTokens = (root.account.pool.outputTokens ?? 0) + amount;
      return tree.set(root, { outputTokens });
    }
    case "lower":
      return tree.set(node, { outputTokens: amount + 1, usd: amount + 1 });
  }
}

/** A parent never believes that a task may spend less than the task believes. */
function expectCovered(node: Node): void {
  const lease = node.parent?.alive ? node.parent.account.leases[node.id] : undefined;
  if (!node.alive || !lease) return;
  for (const name of dimensions) {
    const given = lease.amount[name] ?? Infinity;
    expect(node.account.pool[name] ?? Infinity).toBeLessThanOrEqual(given);
  }
}

function expectWithin(node: Node): void {
  for (const name of dimensions) {
    expect(committed(node.account, name)).toBeLessThanOrEqual(limitOf(node.account, name) + 1e-6);
  }
}

/** Everything ends, leaves first, and is settled. */
function wrapUp(tree: LeaseTree): void {
  tree.deliverAll();
  for (const node of tree.nodes.toReversed()) {
    tree.endCall(node, 1);
    if (node.alive) tree.end(node);
    tree.deliverAll();
  }
  for (const node of tree.nodes.toReversed()) tree.finishReading(node);
}

/** A tree's limits, and what happens in it. */
const life = (kinds: readonly Act[]) =>
  fc.tuple(pool, fc.array(step(kinds), { minLength: 20, maxLength: 200 }));

/** A tree after all these steps, looked at after each of them. */
function walk(limits: Budget, steps: readonly Step[], look?: (tree: LeaseTree) => void): LeaseTree {
  const tree = new LeaseTree(limits);
  for (const one of steps) {
    take(tree, one);
    look?.(tree);
  }
  return tree;
}

function expectSound({ nodes }: LeaseTree): void {
  for (const node of nodes) {
    expectCovered(node);
    expectWithin(node);
  }
}

test(
  "never more is spent and handed out than there is, at any level and in any order",
  holds(
    life(acts),
    ([limits, steps]) => {
      const tree = walk(limits, steps, expectSound);
      for (const name of counted) {
        const limit = limitOf(tree.root.account, name);
        expect(amountOf(tree.total, name)).toBeLessThanOrEqual(limit);
      }
    },
    400,
  ),
);

test(
  "when all have ended, every lease has come back once: what is spent is what was spent",
  holds(
    life([...acts, "lower"]),
    ([limits, steps]) => {
      const tree = walk(limits, steps, ({ nodes }) => nodes.forEach(expectCovered));
      wrapUp(tree);
      const { account } = tree.root;
      expect(account.leases).toEqual({});
      for (const name of dimensions) {
        expect(committed(account, name)).toBe(amountOf(tree.total, name));
      }
    },
    400,
  ),
);

test(
  "whatever rolls, comes twice, is stopped or lost: never more is spent than there is, and every lease comes back",
  holds(
    life(mishaps),
    ([limits, steps]) => {
      const tree = walk(limits, steps, (now) => {
        expectSound(now);
        for (const name of counted) {
          expect(amountOf(now.total, name)).toBeLessThanOrEqual(committed(now.root.account, name));
        }
      });
      wrapUp(tree);
      const { account } = tree.root;
      expect(account.leases).toEqual({});
      expect(account.asks).toEqual([]);
      // A lost task's lease counts as spent, whatever became of it.
      for (const name of counted) {
        expect(committed(account, name)).toBeGreaterThanOrEqual(amountOf(tree.total, name));
        expect(committed(account, name)).toBeLessThanOrEqual(limitOf(account, name));
      }
      expect(committed(account, "tasks")).toBe(0);
    },
    400,
  ),
);

test(
  "a limit that is set or lowered while tasks run takes back what they have not spent",
  holds(
    fc.tuple(pool, fc.array(step(acts), { maxLength: 60 }), fc.integer({ min: 1, max: 2_000 })),
    ([{ tasks: _, usd: __, ...limits }, steps, usd]) => {
      const tree = walk(limits, steps);
      tree.deliverAll();
      for (const node of tree.alive) tree.endCall(node, 1);
      tree.set(tree.root, { usd });
      tree.deliverAll();
      const before = amountOf(tree.total, "usd");
      const orphans = tree.alive.filter((node) => !isHeld(node));
      for (const node of tree.alive) {
        expectCovered(node);
        if (!orphans.includes(node)) expect(free(node.account, "usd")).toBeLessThan(Infinity);
      }
      if (orphans.length > 0) return;
      for (let round = 0; round < 10; round += 1) {
        for (const node of tree.alive) {
          tree.beginCall(node, 50);
          tree.deliverAll();
          tree.endCall(node, 1);
        }
      }
      expect(amountOf(tree.total, "usd")).toBeLessThanOrEqual(Math.max(before, usd));
    },
    300,
  ),
);

/** Whether all above it are there to tell it. */
function isHeld({ parent }: Node): boolean {
  return !parent || (parent.alive && isHeld(parent));
}

test(
  "nobody waits for ever: tasks that all want more than there is come to their ends, one after the other",
  holds(
    life(acts),
    ([limits, steps]) => {
      const tree = walk(limits, steps);
      for (const node of tree.alive) if (!isHeld(node)) tree.terminate(node);
      for (let round = 0; round < 200 && tree.alive.length > 1; round += 1) {
        const first = steps[round % steps.length]!.at % tree.alive.length;
        const turn = [...tree.alive.slice(first), ...tree.alive.slice(0, first)];
        for (const node of round % 2 ? turn : turn.toReversed()) workOn(tree, node);
        for (const node of tree.nodes) tree.finishReading(node);
      }
      expect(tree.alive).toEqual([tree.root]);
    },
    1_500,
  ),
);

/** It calls while it may, and ends when there is no more, and its own tasks have ended. */
function workOn(tree: LeaseTree, node: Node): void {
  tree.deliverAll();
  tree.endCall(node, 1);
  tree.deliverAll();
  if (asksForCalls(node)) return;
  if (!node.account.denied.includes("calls")) tree.beginCall(node, 60);
  const isCalling = Object.keys(node.account.reserved).length > 0;
  if (!isCalling && !asksForCalls(node)) tree.end(node);
}

function asksForCalls({ account }: Node): boolean {
  return account.asking.some(({ kind }) => kind === "calls");
}

test("a lease is a fifth of what nobody holds, a tenth of the pool stays, and no more than its own budget", () => {
  let account = openAccount({ outputTokens: 1_000, tasks: 3 });
  account = giveLease(account, "a", {});
  account = giveLease(account, "b", { outputTokens: 50 });
  account = giveLease(account, "c", {});
  const amounts = Object.values(account.leases).map(({ amount }) => amount);
  expect(amounts).toEqual([
    { outputTokens: 180, tasks: 0 },
    { outputTokens: 50, tasks: 0 },
    { outputTokens: 134, tasks: 0 },
  ]);
  expect(committed(account, "tasks")).toBe(3);
});

test("what the call under way may cost is handed to nobody", () => {
  const account = reserve(openAccount({ outputTokens: 1_000 }), { outputTokens: 880 });
  const { leases } = giveLease(account, "a", {});
  expect(leases["a"]?.amount).toEqual({ outputTokens: 4 });
});

test("a grant that a later word has overtaken undoes nothing, and still answers its ask", () => {
  const ask = {
    askId: "b-1",
    kind: "calls",
    least: { usd: 1 },
    good: { usd: 1 },
    most: {},
  } as const;
  const asking = { ...openAccount({ usd: 5 }, {}, 0), asking: [ask] };
  const recalled = takeGrant(asking, { leaseId: "a", n: 2, amount: { usd: 9 }, recall: ["usd"] });
  expect(recalled.pool).toEqual({ usd: 0 });
  const late = takeGrant(recalled, { leaseId: "a", n: 1, amount: { usd: 9 }, askId: "b-1" });
  expect(late).toMatchObject({ pool: { usd: 0 }, asking: [] });
});

function toAsk(askId: string, kind: Ask["kind"]): Ask {
  const wanted = { outputTokens: 5_000 };
  return { askId, kind, least: wanted, good: wanted, most: {} };
}

test("asks that nobody can meet are denied, newest first, until a task asks for nothing more and may give back", () => {
  const asked = [
    ["a", toAsk("a-below", "below")],
    ["b", toAsk("b-below", "below")],
    ["b", toAsk("b-calls", "calls")],
  ] as const;
  const both = giveLease(giveLease(openAccount({ outputTokens: 1_000 }), "a", {}), "b", {});
  const account = asked.reduce((known, [taskId, one]) => {
    const held = known.leases[taskId]?.amount ?? {};
    return takeReport(known, taskId, { n: 0, held, ask: one });
  }, both);
  const decided = decide(account, () => "new");
  expect(decided.grants.map(({ askId, denied }) => [askId, denied])).toEqual([
    ["b-calls", true],
    ["b-below", true],
  ]);
  expect(decided.account.asks.map(({ askId }) => askId)).toEqual(["a-below"]);
});
