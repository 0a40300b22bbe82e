// Word from outside, taken in.
import { setHandler } from "@temporalio/workflow";
import { eventShape } from "../../protocol/events.ts";
import { eventSignal } from "../../protocol/messages.ts";
import { type Agent, now, takeId, tell } from "../agent/agent.ts";
import { deliverEvents } from "./background-waits.ts";
import { putEvent, toKeptEvent } from "./event-box.ts";
import { believe } from "../handlers/input.ts";

/** An event is kept until somebody waits for it, for it may come first. */
export function takeEvents(agent: Agent): void {
  const { state } = agent;
  setHandler(eventSignal, (given) => {
    const event = believe(agent, "event", eventShape, given);
    if (!event || !takeId(agent, event.eventId)) return;
    const { box, dropped } = putEvent(state.events, toKeptEvent(event, now()));
    state.events = box;
    for (const { name, eventId } of dropped) {
      const text = `The event ${name} (${eventId}) was dropped: nobody waited for it, and too many came after it.`;
      tell(agent, { type: "trouble", text });
    }
    deliverEvents(agent);
  });
}
