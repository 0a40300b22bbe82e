// A turn that a person interrupts.
import { type Agent, interrupt, isPaused, isStopping, tell } from "../agent/agent.ts";
import { giveUpTurn, takeInbox } from "../turn/agent-loop.ts";
import { closeTurn, interruptedText } from "../turn/tool-turn.ts";

/** Breaks off the turn under way. A turn that is over, or that was not begun, is none. */
export function takeInterrupt(agent: Agent): void {
  const { state } = agent;
  if (state.ending) return;
  const isUnderWay = state.due || (state.inbox.length > 0 && !isPaused(agent));
  if (!isUnderWay) {
    tell(agent, { type: "control", what: "interrupted", text: "Nothing was under way." });
    return;
  }
  state.stopping = state.inbox.length;
  interrupt(agent);
}

/**
 * Ends an interrupted turn. What was said before the interruption is in the transcript, unanswered: what
 * came after it begins a turn of its own.
 */
export function stopTurn(agent: Agent): void {
  const { state } = agent;
  if (!isStopping(agent)) return;
  const before = state.stopping ?? 0;
  state.stopping = null;
  agent.run.interrupted = false;
  if (!state.due && before === 0) {
    const text = "The answer had come already.";
    return tell(agent, { type: "control", what: "interrupted", text });
  }
  const late = state.inbox.slice(before);
  closeTurn(agent, interruptedText);
  state.inbox = state.inbox.slice(0, before);
  takeInbox(agent);
  state.inbox = [...state.inbox, ...late];
  giveUpTurn(
    agent,
    "Interrupted. Nothing of the answer under way is kept. Send a message to go on.",
  );
}
