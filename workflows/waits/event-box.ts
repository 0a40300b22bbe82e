// Events that came before anybody waited for them.
import { type AgentEvent, eventBytes } from "../../protocol/events.ts";
import { byteLength, cutText } from "../../protocol/text.ts";

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

/** Oldest first. Several of one name are taken in their order. */
export type EventBox = readonly KeptEvent[];

const keptNames = 20;
const keptBytes = 64_000;

/** The box with one event more. What has no room any more, oldest first, is named. */
export function putEvent(
  box: EventBox,
  event: KeptEvent,
): { readonly box: EventBox; readonly dropped: EventBox } {
  const kept = [...box, event];
  const dropped: KeptEvent[] = [];
  while (kept.length > 1 && isOverfull(kept)) dropped.push(...kept.splice(0, 1));
  return { box: kept, dropped };
}

function isOverfull(box: EventBox): boolean {
  if (new Set(box.map(({ name }) => name)).size > keptNames) return true;
  return box.reduce((sum, event) => sum + sizeOfEvent(event), 0) > keptBytes;
}

/** Takes the oldest event of a name. */
export function takeFrom(
  box: EventBox,
  name: string,
): { readonly event: KeptEvent; readonly box: EventBox } | undefined {
  const event = box.find((one) => one.name === name);
  return event && { event, box: box.filter((one) => one !== event) };
}
