// What programs and people tell an agent from outside.
import { z } from "zod";
import { idShape } from "./ids.ts";
import { shape } from "./shape.ts";

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
