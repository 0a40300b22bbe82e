// What programs and people tell an agent from outside.
import { z } from "zod";
import { idShape } from "./ids.ts";
import { shape } from "./shape.ts";
import { byteLength, cutText } from "./text.ts";

/** An event on its way to an agent. The id makes it count once, however often it is sent. */
export interface AgentEvent {
  readonly eventId: string;
  readonly name: string;
  /** Any JSON. */
  readonly data: unknown;
}

/** The most that one event may carry, as JSON. */
export const eventBytes = 16_000;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/;
/** What a name of an event may be, in words. */
export const eventNameRule =
  "letters, digits, . _ : / and -, beginning with a letter or digit, at most 100 characters";
export const eventNameShape = shape(z.string().trim().regex(namePattern, `use ${eventNameRule}`));

export const eventShape = shape<z.ZodType<AgentEvent>>(
  z.object({
    eventId: idShape(),
    name: eventNameShape(),
    data: z.unknown(),
  }),
);

export function isEventName(text: string): boolean {
  return namePattern.test(text);
}

/** An event that nobody has waited for yet. */
export interface KeptEvent {
  readonly eventId: string;
  readonly name: string;
  /** As JSON, cut where it was too long. */
  readonly json: string;
  /** ISO 8601. */
  readonly at: string;
}

export function toKeptEvent({ eventId, name, data }: AgentEvent, at: string): KeptEvent {
  const json = JSON.stringify(data ?? null);
  return { eventId, name, json: cutText(json, eventBytes, "… (cut, it was too long)"), at };
}

/** In bytes, as JSON. */
export function sizeOfEvent(event: KeptEvent): number {
  return byteLength(JSON.stringify(event));
}
