// Calls that only wait, and the slot meanwhile.
import { condition } from "@temporalio/workflow";
import type { WaitingReason } from "../../protocol/task.ts";
import { type Agent, isStopping, mustRoll, type Resting } from "../agent/agent.ts";
import { holdsWords } from "../agent/inbox.ts";
import { giveSlotBack } from "../tasks/own-slot.ts";
import { enterWaiting } from "../tasks/parent.ts";

/** What moves an open wait to the background. */
export function isCalledAway(agent: Agent): boolean {
  const { inbox, ending } = agent.state;
  return holdsWords(inbox) || isStopping(agent) || mustRoll(agent) || ending;
}

/** Waits until it is over, somebody speaks, a roll is due, or the time is up. */
export async function rest(
  agent: Agent,
  call: Resting & { readonly callId: string; readonly until: number | undefined },
  isOver: () => boolean,
): Promise<void> {
  const done = (): boolean => isOver() || isCalledAway(agent);
  const left = call.until === undefined ? undefined : call.until - Date.now();
  if (done() || (left !== undefined && left <= 0)) return;
  agent.run.resting.set(call.callId, { waitingOn: call.waitingOn, why: call.why });
  try {
    if (left === undefined) await condition(done);
    else await condition(done, left, { summary: "time to wait" });
  } finally {
    agent.run.resting.delete(call.callId);
  }
}

/** While all that is under way only waits, the agent waits too: it gives its slot back. */
export function giveWay(agent: Agent, running: ReadonlyMap<string, unknown>): void {
  const { run } = agent;
  if (run.givingWay) return;
  run.givingWay = true;
  const onlyRests = (): boolean => [...running.keys()].every((id) => run.resting.has(id));
  const follow = async (): Promise<void> => {
    while (running.size > 0) {
      await condition(() => running.size === 0 || onlyRests());
      if (running.size === 0) return;
      showResting(agent);
      await condition(() => running.size === 0 || !onlyRests());
    }
  };
  void follow()
    .catch(() => undefined)
    .finally(() => {
      run.givingWay = false;
    });
}

function showResting(agent: Agent): void {
  const { run, state } = agent;
  const all = [...run.resting.values()];
  const waitingOn: readonly WaitingReason[] = [
    ...new Set([
      ...all.map((one) => one.waitingOn),
      ...state.requests.map(({ kind }): WaitingReason => kind),
    ]),
  ];
  const why = all.map((one) => one.why).join(" ");
  run.rested = true;
  giveSlotBack(agent);
  enterWaiting(agent, waitingOn, why);
}
