// The slot that a task works in.
import { condition } from "@temporalio/workflow";
import type { Agent } from "./agent.ts";
import { enter } from "./display.ts";
import { reportWaiting } from "./parent.ts";

/** A task that waits for somebody else gives its slot back. It has to report what it waits for. */
export function giveSlotBack({ role, state }: Agent): void {
  if (role === "subagent") state.begun = false;
}

/** Before it goes on, it asks for a slot again. A supervisor needs none. */
export async function takeSlot(agent: Agent): Promise<void> {
  const { state } = agent;
  if (!state.begun) {
    enter(agent, { status: "waiting", waitingOn: ["slot"] });
    reportWaiting(agent, ["slot"], "");
    await condition(() => state.begun);
  }
  enter(agent, { status: agent.role === "supervisor" ? "thinking" : "running" });
}
