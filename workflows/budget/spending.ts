// What an agent spends, call by call.
import { condition, isCancellation } from "@temporalio/workflow";
import type { ModelPurpose } from "../../protocol/activities.ts";
import { type Budget, narrow, noSpent } from "../../protocol/budget.ts";
import { scriptedBackend } from "../../protocol/models.ts";
import type { Usage } from "../../protocol/turn.ts";
import { type Agent, isWaitingOn, mustRoll, shortId, tell } from "../agent/agent.ts";
import { answerAsks, tellIfLess, tellLease, units } from "./budget-news.ts";
import { priceOf, toCallAsk, toRoom, usedUp } from "./call-room.ts";
import { TaskFailure } from "../agent/failures.ts";
import { type Account, charge, limitOf, reserve } from "./account.ts";
import { trim } from "./leases.ts";
import { toClosingText } from "../transcript/notices.ts";
import { giveSlotBack, takeSlot } from "../tasks/own-slot.ts";
import { enterWaiting, goOn } from "../tasks/parent.ts";
import { append, toUserMessage } from "../transcript/transcript.ts";

/** Whether the next call of the loop may begin now. */
export function mayCall(agent: Agent): boolean {
  const { state } = agent;
  if (state.spending.closing && state.closing && toRoom(agent, "turn")) endClosing(agent);
  if (isWaitingOn(agent, "budget")) return false;
  return toRoom(agent, state.closing ? "closing" : "turn") !== undefined;
}

/** From its start on: an agent begun by an older version keeps none. */
export function keepBudget({ state }: Agent, account: Account): void {
  state.account = account;
  state.spending = { ...state.spending, kept: true };
}

/** What a task may spend by its own budget, whatever its lease. What its agent's file says holds as well. */
export function limitTo(agent: Agent, given: Budget): void {
  setLimit(agent, narrow(agent.state.account.own, given));
}

/** What a person set may be more than its agent's file gives. */
export function setLimit(agent: Agent, own: Budget): void {
  const { account } = agent.state;
  agent.state.account = trim({ ...account, own });
  tellIfLess(agent, account.pool);
}

/** Sees to it that the next call may begin: it asks, waits, or closes. Throws when nothing is left even for that. */
export async function provide(agent: Agent): Promise<"again" | "roll"> {
  const { state } = agent;
  if (toRoom(agent, state.closing ? "closing" : "turn")) {
    await resumeWork(agent);
    return "again";
  }
  if (!state.closing && askForCalls(agent)) return await waitForBudget(agent, askedText);
  const { account } = state;
  const mayWait = agent.role === "subagent" && Object.keys(account.leases).length > 0;
  if (mayWait) return await waitForBudget(agent, leasedText);
  if (state.closing) throw outOfBudget(agent);
  await resumeWork(agent);
  beginClosing(agent);
  return "again";
}

/** It waits no more: with the slot that it was given back already, or with the next one. */
async function resumeWork(agent: Agent): Promise<void> {
  if (!isWaitingOn(agent, "budget")) return;
  if (agent.state.begun) goOn(agent);
  else await takeSlot(agent);
}

/** Not even last words are left. A supervisor owes the answer, and gives it when there is budget again. */
export function outOfBudget(agent: Agent): TaskFailure {
  agent.state.spending = { ...agent.state.spending, stopped: true };
  const text = agent.role === "subagent" ? toEndText(agent) : toUsedUpText(agent);
  return new TaskFailure("budget", text);
}

const askedText = "Its budget is used up, and it has asked for more.";
const leasedText = "What is left of its budget is in the hands of its own tasks.";

/** Asks once. False when nobody can be asked, or nothing was to be had. */
function askForCalls(agent: Agent): boolean {
  const { account } = agent.state;
  if (account.asking.some(({ kind }) => kind === "calls")) return true;
  if (account.n === undefined || account.denied.includes("calls")) return false;
  const ask = toCallAsk(agent, shortId("b-"));
  if (!ask) return false;
  agent.state.account = { ...account, asking: [...account.asking, ask] };
  tellLease(agent, ask);
  return true;
}

/** Without a slot, until something about its budget changes or somebody speaks. */
async function waitForBudget(agent: Agent, why: string): Promise<"again" | "roll"> {
  const { state } = agent;
  if (!isWaitingOn(agent, "budget") || isWaitingOn(agent, "paused")) {
    const words = `${why} ${toRaiseText(agent)}`;
    giveSlotBack(agent);
    enterWaiting(agent, ["budget"], words);
  }
  const { account } = state;
  await condition(
    () => state.account !== account || state.inbox.length > 0 || state.ending || mustRoll(agent),
  );
  return mustRoll(agent) ? "roll" : "again";
}

function beginClosing(agent: Agent): void {
  const { state } = agent;
  const names = usedUp(agent);
  state.closing = true;
  state.spending = { ...state.spending, closing: true };
  state.generation = append(state.generation, toUserMessage([], [toClosingText(names)]));
  tell(agent, { type: "budget", text: toUsedUpText(agent) });
}

function endClosing({ state }: Agent): void {
  state.closing = false;
  state.spending = { ...state.spending, closing: false };
}

const flags = { turns: "--turns", outputTokens: "--tokens", usd: "--usd", tasks: "--tasks" };

/** While it may still be raised. */
function toUsedUpText(agent: Agent): string {
  return `${toLack(agent).what} ${toRaiseText(agent)}`;
}

function toRaiseText(agent: Agent): string {
  const { flag, isOwn } = toLack(agent);
  return `Raise it with: bosun budget ${isOwn ? agent.taskId : agent.rootId} ${flag} N`;
}

/** Of a task that ends by it: raising comes too late for this attempt. */
export function toEndText(agent: Agent): string {
  const { what, flag, isOwn } = toLack(agent);
  const retry = `bosun retry ${agent.taskId}`;
  return isOwn
    ? `${what} It was the task's own, and a new attempt (${retry}) has as much again.`
    : `${what} It is the tree's: raise it (bosun budget ${agent.rootId} ${flag} N) and try again (${retry}).`;
}

/** What is used up, and whose it was: the agent's own, or that of the whole tree. */
function toLack(agent: Agent): { what: string; flag: string; isOwn: boolean } {
  const names = usedUp(agent);
  const { own, pool } = agent.state.account;
  const isOwn = names.some(
    (name) => own[name] !== undefined && own[name] <= (pool[name] ?? Infinity),
  );
  const list = names.map((name) => units[name]).join(", ");
  const flag = flags[names[0] ?? "outputTokens"];
  return { what: `The budget is used up${list ? ` (${list})` : ""}.`, flag, isOwn };
}

/** Sets aside what the call may cost, and says how much it may write. */
export function openCall(agent: Agent, purpose: ModelPurpose): number {
  const room = toRoom(agent, purpose);
  if (!room) throw outOfBudget(agent);
  const { state } = agent;
  state.account = reserve(state.account, room.cost);
  state.spending = { ...state.spending, allowed: room.maxTokens };
  tellUnpriced(agent);
  return room.maxTokens;
}

export function chargeCall(agent: Agent, purpose: ModelPurpose, usage: Usage): void {
  const { state } = agent;
  const turns = purpose === "summary" ? 0 : 1;
  state.account = charge(state.account, { turns, usd: usage.usd ?? 0, usage });
  answerAsks(agent);
}

/** Nobody will know what a call cost that was broken off. It is counted. */
export function dropCall(agent: Agent, error: unknown): void {
  const { state } = agent;
  state.account = charge(state.account, noSpent);
  if (isCancellation(error)) {
    state.spending = { ...state.spending, unseen: state.spending.unseen + 1 };
  }
  answerAsks(agent);
}

/** A limit in money means nothing for a model without a price, so that is said. Once. */
function tellUnpriced(agent: Agent): void {
  const { state } = agent;
  const { model, backend } = state.generation;
  if (limitOf(state.account, "usd") === Infinity || backend === scriptedBackend || priceOf(agent))
    return;
  if (state.spending.unpriced === model) return;
  state.spending = { ...state.spending, unpriced: model };
  const text = `The price of ${model} is not known, so its calls do not count against the limit in US dollars. Set BOSUN_PRICES before the next supervisor is started.`;
  tell(agent, { type: "budget", text });
}
