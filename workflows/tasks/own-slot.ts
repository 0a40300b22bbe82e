// The slot that a task works in, given back and taken again.
import { condition } from "@temporalio/workflow";
import type { WaitingReason } from "../../protocol/task.ts";
import { cutText } from "../../protocol/text.ts";
import { type Agent, isPaused, isWaitingOn, mustRoll } from "../agent/agent.ts";
import { enter, workingStatus } from "../agent/display.ts";
import { enterWaiting } from "./parent.ts";
import { park } from "../handlers/pause.ts";
import { kindsOf, untilRequestIsOver } from "../people/requests.ts";

/** A task that waits for somebody else gives its slot back. It has to report what it waits for. */
export function giveSlotBack({ role, state }: Agent): void {
  if (role === "subagent") state.begun = false;
}

/** Before it goes on, it asks for a slot again. A supervisor needs none. What is asked meanwhile stays open. */
export async function takeSlot(agent: Agent): Promise<void> {
  const { state } = agent;
  while (!state.begun) {
    const waitingOn: readonly WaitingReason[] = ["slot", ...kindsOf(agent)];
    enterWaiting(agent, waitingOn, "");
    if (state.requests.length === 0) await condition(() => state.begun);
    else await untilRequestIsOver(agent, () => state.begun);
  }
  enter(agent, { status: workingStatus(agent) });
}

/**
 * Waits, without a slot and over rolls, until one of the open requests is decided, has run out, or
 * is withdrawn because somebody speaks. While the agent is paused nothing that was decided is begun.
 */
export async function awaitDecision(agent: Agent): Promise<"decided" | "roll"> {
  const { state } = agent;
  const open = state.requests.length;
  showAsking(agent);
  const paused = isPaused(agent);
  await untilRequestIsOver(agent, () => mustRoll(agent) || paused !== isPaused(agent));
  if (state.requests.length === open) return mustRoll(agent) ? "roll" : await awaitDecision(agent);
  if ((await park(agent)) === "roll") return "roll";
  await takeSlot(agent);
  return "decided";
}

function showAsking(agent: Agent): void {
  const { requests, phase } = agent.state;
  const waitingOn: readonly WaitingReason[] = [
    ...kindsOf(agent),
    ...(isPaused(agent) ? (["paused"] as const) : []),
  ];
  const [first] = requests;
  const more = requests.length > 1 ? ` (and ${requests.length - 1} more)` : "";
  const what =
    first?.kind === "answer" ? `It asks: ${first.text}` : `It asks to do: ${first?.label}`;
  const why = `${cutText(what, 500)}${more}`;
  const isShown = phase.status === "waiting" && agent.state.why === why;
  if (isShown && isWaitingOn(agent, "paused") === isPaused(agent)) return;
  giveSlotBack(agent);
  enterWaiting(agent, waitingOn, why);
}
