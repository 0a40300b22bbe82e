// What tasks and people say about budgets.
import { getExternalWorkflowHandle, setHandler } from "@temporalio/workflow";
import {
  addSpent,
  type Ask,
  type Budget,
  type BudgetChange,
  type BudgetEvent,
  type BudgetReport,
  type Dimension,
  dimensions,
  type Grant,
  grantShape,
  toBudget,
} from "../../protocol/budget.ts";
import type { Setting } from "../../protocol/control.ts";
import { budgetQuery, grantSignal } from "../../protocol/messages.ts";
import { scriptedBackend } from "../../protocol/models.ts";
import { type Agent, arrive, now, send, shortId, tell } from "../agent/agent.ts";
import { maxTurnsOf, priceOf, toCallAsk, toRoom } from "./call-room.ts";
import { publish } from "../agent/display.ts";
import { type Account, free, limitOf } from "./account.ts";
import { decide } from "./asks.ts";
import { recall, setLimits, takeGrant, takeReport } from "./leases.ts";
import { raisedText } from "../transcript/notices.ts";
import { report } from "../tasks/parent.ts";

/** What both kinds of agent answer and are told about budgets. */
export function takeBudgetNews(agent: Agent): void {
  setHandler(budgetQuery, () => toBudgetReport(agent));
  setHandler(grantSignal, (given) => {
    const read = grantShape().safeParse(given);
    if (read.success && read.data.leaseId === agent.id) hearGrant(agent, read.data);
  });
}

function hearGrant(agent: Agent, grant: Grant): void {
  agent.state.account = takeGrant(agent.state.account, grant);
  const { account } = agent.state;
  if (grant.recall && grant.n === account.n) {
    sendGrants(agent, takeBack(agent, grant.recall));
    tellLease(agent);
  }
  goOnWith(agent);
}

function takeBack(agent: Agent, names: readonly (keyof Budget)[]): readonly Grant[] {
  const { account, grants } = recall(agent.state.account, names);
  agent.state.account = account;
  return grants;
}

/** A person has set another budget. */
export function hearBudget(agent: Agent, { budget }: Setting): void {
  if (!budget) return;
  const { state } = agent;
  const { account, short } = setLimits(state.account, budget);
  state.account = account;
  state.spending = { ...state.spending, kept: true };
  sendGrants(agent, takeBack(agent, short));
  tell(agent, { type: "budget", text: toSetText(budget) });
  goOnWith(agent);
  publish(agent);
}

export const units: Readonly<Record<Dimension, string>> = {
  turns: "turns",
  outputTokens: "output tokens",
  usd: "US dollars",
  tasks: "open tasks",
};

/** `The budget was set: 60 turns, no limit of US dollars.` */
function toSetText(change: BudgetChange): string {
  const parts = dimensions.flatMap((name) => {
    const most = change[name];
    if (most === undefined) return [];
    return [`${most ?? "no limit of"} ${units[name]}`];
  });
  return `The budget was set: ${parts.join(", ")}.`;
}

/** A task's word on its lease. */
export function hearReport(agent: Agent, taskId: string, event: BudgetEvent): void {
  const { pool } = agent.state.account;
  agent.state.account = takeReport(agent.state.account, taskId, event);
  tellIfLess(agent, pool);
  goOnWith(agent);
}

/** Something may be there now that was not before. */
export function goOnWith(agent: Agent): void {
  answerAsks(agent);
  reopen(agent);
}

/** Whoever is closing, or has stopped, for want of budget goes on when there is some again. */
function reopen(agent: Agent): void {
  const { state } = agent;
  const most = maxTurnsOf(agent);
  if (state.ending || state.turnsSpent >= most) return;
  const isClosing = state.closing && (state.spending.closing || state.account.own.turns === most);
  if (!isClosing && !state.spending.stopped) return;
  const mayAsk = !state.account.denied.includes("calls") && toCallAsk(agent, "") !== undefined;
  if (!toRoom(agent, "turn") && !mayAsk) return;
  // A supervisor that had to give its turn up owes the answer.
  if (state.spending.stopped) state.due = true;
  else arrive(agent, { type: "notice", text: raisedText });
  state.closing = false;
  state.spending = { ...state.spending, closing: false, stopped: false };
}

/** Tasks get what there is for them, or hear that there is nothing. */
export function answerAsks(agent: Agent): void {
  const { state } = agent;
  if (state.ending) return;
  const { account, grants, asks } = decide(state.account, () => shortId("b-"));
  state.account = account;
  sendGrants(agent, grants);
  for (const ask of asks) tellLease(agent, ask);
}

function sendGrants(agent: Agent, grants: readonly Grant[]): void {
  for (const grant of grants) {
    void send(agent, getExternalWorkflowHandle(grant.leaseId).signal(grantSignal, grant));
  }
}

/** Tells its parent what it holds, and what it lacks. */
export function tellLease(agent: Agent, ask?: Ask): void {
  const { n, pool } = agent.state.account;
  if (n === undefined) return;
  report(agent, { type: "budget", n, held: pool, ...(ask && { ask }) });
}

export function tellIfLess(agent: Agent, before: Budget): void {
  if (JSON.stringify(before) !== JSON.stringify(agent.state.account.pool)) tellLease(agent);
}

function toLeft(account: Account): Budget {
  return toBudget((name) => {
    const left = free(account, name);
    return left === Infinity ? undefined : Math.max(0, left);
  });
}

function toBudgetReport(agent: Agent): BudgetReport {
  const { account, spending, generation } = agent.state;
  const isPriced = generation.backend === scriptedBackend || priceOf(agent) !== undefined;
  const isRoot = account.n === undefined;
  return {
    budget: isRoot ? account.pool : account.own,
    pool: toBudget((name) => {
      const limit = limitOf(account, name);
      return limit === Infinity ? undefined : limit;
    }),
    spent: addSpent(account.spent, account.settled),
    own: account.spent,
    leases: Object.entries(account.leases).map(([taskId, { amount }]) => ({ taskId, amount })),
    left: toLeft(account),
    unseenCalls: spending.unseen,
    kept: spending.kept,
    ...(!isPriced && generation.model !== "" && { unpriced: generation.model }),
    asOf: now(),
  };
}
