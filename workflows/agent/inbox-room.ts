// Takes words in, as far as the inbox has room.
import { personMessageShape } from "../../protocol/message-shapes.ts";
import type { Accepted, PersonMessage } from "../../protocol/messages.ts";
import { byteLength, cutText } from "../../protocol/text.ts";
import { type Agent, arrive, isPaused, takeId, tell } from "./agent.ts";
import { demand, refuse } from "../handlers/input.ts";
import { bytesOf } from "./inbox.ts";

export function refuseMessage({ state, settings }: Agent, given: PersonMessage): void {
  demand("The message cannot be taken", personMessageShape, given);
  const size = byteLength(given.text);
  if (size > settings.limits.maxMessageBytes) {
    refuse(
      `The message has ${size} bytes, and ${settings.limits.maxMessageBytes} is the most. Put it into a file of the workspace and name the file.`,
    );
  }
  if (state.ending) refuse("The supervisor is ending. Start a new one.");
  if (state.knownIds.includes(given.id)) return;
  if (bytesOf(state.inbox) + size > settings.limits.maxInboxBytes) {
    refuse("Too much is waiting to be read. Send it again when the supervisor has answered.");
  }
}

/** Takes a message once, however often it arrives. */
export function takeMessage(agent: Agent, message: PersonMessage): Accepted {
  const known = !takeId(agent, message.id);
  if (!known) {
    arrive(agent, { type: "message", id: message.id, text: message.text });
    agent.run.probes += 1;
  }
  return { id: message.id, known, ...(isPaused(agent) && { paused: true }) };
}

/** Signals wait for absent workers, so a third more of them may wait than updates would be let in. */
const signalledShare = 4 / 3;

const cutBytes = 500;

/**
 * A signal cannot be refused: words for which the inbox has no room enter cut, and say so. Where not
 * even that has room they are left out, counted, and told with the next words that enter.
 */
export function toFit(agent: Agent, id: string, text: string): string | undefined {
  const { state, settings } = agent;
  const room = signalledShare * settings.limits.maxInboxBytes - bytesOf(state.inbox);
  // As JSON it may grow, and an item has more to it than its words.
  if (byteLength(JSON.stringify(text)) + cutBytes <= room) return text;
  if (room < 3 * cutBytes) {
    const { count, ids } = state.leftOut;
    state.leftOut = { count: count + 1, ids: [...ids, id].slice(0, 20) };
    return undefined;
  }
  const cut = cutText(text, cutBytes, "… (cut: too much was waiting, please send it again)");
  tell(agent, { type: "trouble", text: `Too much was waiting, so this was cut: ${cut}` });
  return cut;
}
