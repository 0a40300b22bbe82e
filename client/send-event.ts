// Word from outside, on its way to an agent.
import { randomUUID } from "node:crypto";
import type { Client } from "@temporalio/client";
import { type AgentEvent, eventBytes, eventNameRule, isEventName } from "../protocol/events.ts";
import { eventSignal } from "../protocol/messages.ts";
import { byteLength } from "../protocol/text.ts";
import { callServer } from "./call.ts";
import { RequestError } from "./request-error.ts";

export interface SentEvent {
  readonly eventId: string;
  readonly name: string;
  /** What its data takes as JSON. */
  readonly bytes: number;
}

const idPattern = /^[!-~]{1,100}$/;

/** Throws `RequestError`, code `refused`, before anything is sent. */
export function toEvent(name: string, data: unknown, eventId?: string): AgentEvent {
  if (!isEventName(name)) refuse(`Not a name of an event: "${name}". Use ${eventNameRule}.`);
  const bytes = sizeOf(data);
  if (bytes > eventBytes) {
    refuse(
      `The event has ${bytes} bytes of data, at most ${eventBytes} are taken. Put it into a file of the workspace and name the file.`,
    );
  }
  if (eventId !== undefined && !idPattern.test(eventId)) {
    refuse("The id of an event is 1 to 100 visible ASCII characters, no spaces.");
  }
  return { eventId: eventId ?? `e-${randomUUID()}`, name, data };
}

function refuse(text: string): never {
  throw new RequestError("refused", text);
}

const sizeOf = (data: unknown): number => byteLength(JSON.stringify(data ?? null));

export async function sendEvent(client: Client, id: string, event: AgentEvent): Promise<SentEvent> {
  const handle = client.workflow.getHandle(id);
  await callServer(client, id, () => handle.signal(eventSignal, event));
  return { eventId: event.eventId, name: event.name, bytes: sizeOf(event.data) };
}
