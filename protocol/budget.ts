// What a tree of tasks may spend, and how it is shared out.
import { z } from "zod";
import { shape, type Shaped } from "./shape.ts";
import { addUsage, noUsage, type Usage } from "./turn.ts";

/** Model calls, tokens that models write, US dollars, open tasks. */
export const dimensions = ["turns", "outputTokens", "usd", "tasks"] as const;
export type Dimension = (typeof dimensions)[number];

/**
 * The most there may be of each, an agent's tasks included. What is missing has no limit. `tasks` counts
 * those that are open at once.
 */
export type Budget = { readonly [Name in Dimension]?: number };
/** What is missing stays, `null` takes a limit away. */
export type BudgetChange = { readonly [Name in Dimension]?: number | null };

/** What an agent has spent. */
export interface Spent {
  readonly turns: number;
  /** Of the calls whose price is known. */
  readonly usd: number;
  readonly usage: Usage;
  /** Leases of tasks of which nothing is known any more: they count as spent. */
  readonly lost?: Budget;
}

export const noSpent: Spent = { turns: 0, usd: 0, usage: noUsage };

export function addSpent(a: Spent, b: Spent): Spent {
  const lost = addBudgets(a.lost ?? {}, b.lost ?? {});
  return {
    turns: a.turns + b.turns,
    usd: a.usd + b.usd,
    usage: addUsage(a.usage, b.usage),
    ...(Object.keys(lost).length > 0 && { lost }),
  };
}

function addBudgets(a: Budget, b: Budget): Budget {
  return toBudget((name) =>
    a[name] === undefined && b[name] === undefined ? undefined : (a[name] ?? 0) + (b[name] ?? 0),
  );
}

export function toBudget(of: (name: Dimension) => number | undefined): Budget {
  const given = dimensions.map((name) => [name, of(name)] as const);
  return Object.fromEntries(given.filter(([, most]) => most !== undefined)) as Budget;
}

/** The tighter of both, for each. */
export function narrow(a: Budget, b: Budget): Budget {
  return toBudget((name) => {
    const most = Math.min(a[name] ?? Infinity, b[name] ?? Infinity);
    return most === Infinity ? undefined : most;
  });
}

/** What a task lacks: `calls` for its own, `below` for its tasks, and `tasks` to start one. */
export interface Ask {
  readonly askId: string;
  readonly kind: "calls" | "below" | "tasks";
  /** Without so much more, nothing goes on. */
  readonly least: Budget;
  /** What would be enough for a while. */
  readonly good: Budget;
  /** More than this its own budget does not let it take. */
  readonly most: Budget;
}

/** A parent's word on a lease. The one with the highest `n` holds, in whatever order they arrive. */
export interface Grant {
  /** The task's id. */
  readonly leaseId: string;
  readonly n: number;
  /** All that the lease is now. */
  readonly amount: Budget;
  /** The ask that this answers. */
  readonly askId?: string;
  /** There was nothing to be had. */
  readonly denied?: true;
  /** Of these, the task keeps only what is spent or handed on. */
  readonly recall?: readonly Dimension[];
}

/** How a budget stands. */
export interface BudgetReport {
  /** What was set for this agent and its tasks. */
  readonly budget: Budget;
  /** What it may spend: its lease, for a task. */
  readonly pool: Budget;
  /** Its own calls and its ended tasks. */
  readonly spent: Spent;
  /** Of that, its own calls. */
  readonly own: Spent;
  /** Handed to tasks that are open. */
  readonly leases: readonly { readonly taskId: string; readonly amount: Budget }[];
  readonly left: Budget;
  /** Calls that were broken off: what they cost is not known. */
  readonly unseenCalls: number;
  /** False for an agent that was begun before there were budgets. */
  readonly kept: boolean;
  /** The model whose price is not known: its calls count in tokens only. */
  readonly unpriced?: string;
  readonly asOf: string;
}

const whole = z.int().min(1).max(1_000_000_000_000);
const limits = {
  turns: whole,
  outputTokens: whole,
  usd: z.number().positive().max(1_000_000_000),
  tasks: z.int().min(0).max(1_000_000),
};

const each = <Field extends z.ZodType>(of: (name: Dimension) => Field) => {
  const fields = dimensions.map((name) => [name, of(name)]);
  return z.strictObject(Object.fromEntries(fields) as Record<Dimension, Field>);
};

/** As agent files have it. */
export const budgetShape = shape(each((name) => limits[name].exactOptional()));

/** As a model gives it. */
export const budgetInput = shape(
  z
    .strictObject({
      turns: limits.turns.optional(),
      output_tokens: limits.outputTokens.optional(),
      usd: limits.usd.optional(),
      tasks: limits.tasks.optional().describe("Open at once below it"),
    })
    .describe("The most that the task and the tasks below it may spend. Default: what is left"),
);

export function fromBudgetInput(input: Shaped<typeof budgetInput> | undefined): Budget {
  const { output_tokens: outputTokens, ...rest } = input ?? {};
  return toBudget((name) => (name === "outputTokens" ? outputTokens : rest[name]));
}

const amount = z.number().min(0).max(1e15);
const amounts = each(() => amount.exactOptional());
const id = z.string().min(1).max(200);

const askShape: z.ZodType<Ask> = z.object({
  askId: id,
  kind: z.enum(["calls", "below", "tasks"]),
  least: amounts,
  good: amounts,
  most: amounts,
});

/** What a task tells of its lease. `n` is the newest grant it has. */
export const budgetEventShape = shape(
  z.object({
    type: z.literal("budget"),
    n: z.int().min(0),
    held: amounts,
    ask: askShape.exactOptional(),
  }),
);
export type BudgetEvent = Shaped<typeof budgetEventShape>;

export const grantShape = shape<z.ZodType<Grant>>(
  z.object({
    leaseId: id,
    n: z.int().min(0),
    amount: amounts,
    askId: id.exactOptional(),
    denied: z.literal(true).exactOptional(),
    recall: z.array(z.enum(dimensions)).max(dimensions.length).exactOptional(),
  }),
);

export const budgetChangeShape = shape<z.ZodType<BudgetChange>>(
  each((name) => limits[name].nullable().exactOptional()),
);
