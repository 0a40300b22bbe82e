// Whether what may be spent has room for one task more.
import { condition, patched } from "@temporalio/workflow";
import type { Budget } from "../../protocol/budget.ts";
import { type Agent, shortId } from "../agent/agent.ts";
import { tellLease } from "./budget-news.ts";
import { free, leasable } from "./account.ts";
import { giveLease } from "./leases.ts";
import { toAsk } from "./asks.ts";

/** Why a task would find nothing to spend. What other tasks hold may come back, so it may wait for that. */
export function refusalToSpend({ state, settings }: Agent): string | undefined {
  const { account } = state;
  if (account.n !== undefined || Object.keys(account.leases).length > 0) return undefined;
  const hasTokens = leasable(account, "outputTokens") >= settings.limits.closingTokens;
  if (hasTokens && leasable(account, "usd") > 0 && leasable(account, "turns") >= 1)
    return undefined;
  return "The budget of this conversation is used up, so no task can be started. Say so to the person, who can raise it with `bosun budget`.";
}

export const noRoom =
  "As many tasks are open in this conversation, or below this task, as there may be at once. Wait for some to end, cancel some, or do the work yourself.";

export function hasRoom({ state }: Agent): boolean {
  return free(state.account, "tasks") >= 1;
}

/** A nested agent asks its parent for more, which answers at once. */
export async function makeRoom(agent: Agent): Promise<boolean> {
  const { state } = agent;
  const isAsking = () => state.account.asking.some(({ kind }) => kind === "tasks");
  if (!isAsking()) {
    const ask = toAsk(state.account, {
      askId: shortId("b-"),
      kind: "tasks",
      least: { tasks: 1 },
      good: { tasks: tasksAtOnce },
    });
    if (!ask) return false;
    state.account = { ...state.account, asking: [...state.account.asking, ask] };
    tellLease(agent, ask);
  }
  const { pool } = state.account;
  await condition(() => !isAsking() || state.ending);
  // Another start of the same turn may have taken what came, and asks again.
  return !state.ending && (state.account.pool.tasks ?? Infinity) > (pool.tasks ?? Infinity);
}

/** Room for tasks that a nested agent is given at once. */
const tasksAtOnce = 4;

/** Agents begun before there were budgets have no limit. They keep an account of what they start from now on. */
export function leaseTo({ state }: Agent, taskId: string, own: Budget): void {
  if (!state.spending.kept && !patched("keeps-accounts")) return;
  state.spending = { ...state.spending, kept: true };
  state.account = giveLease(state.account, taskId, own);
}
