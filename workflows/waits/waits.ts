// Waits that were moved to the background, as plain state.

/** Whoever speaks first ends the call, not the wait. `until` is ISO 8601. */
export type Wait =
  | { readonly type: "event"; readonly name: string; readonly until: string }
  | {
      readonly type: "tasks";
      readonly taskIds: readonly string[];
      readonly mode: "any" | "all";
      readonly until: string;
    };
type EventWait = Extract<Wait, { type: "event" }>;

/** More of them at once are refused. */
export const mostWaits = 20;

export function eventWaits(waits: readonly Wait[]): readonly EventWait[] {
  return waits.filter((wait) => wait.type === "event");
}

/** The waits without the oldest one for this event: a new call takes its place. */
export function withoutEvent(waits: readonly Wait[], name: string): readonly Wait[] {
  const first = waits.findIndex((wait) => wait.type === "event" && wait.name === name);
  return waits.filter((_, index) => index !== first);
}

/** Those whose time is up, and the others. */
export function splitDue(
  waits: readonly Wait[],
  nowMs: number,
): { readonly due: readonly Wait[]; readonly open: readonly Wait[] } {
  const isDue = ({ until }: Wait): boolean => Date.parse(until) <= nowMs;
  return { due: waits.filter(isDue), open: waits.filter((wait) => !isDue(wait)) };
}

/** When the next of them is due. */
export function nextDue(waits: readonly Wait[]): number {
  return Math.min(...waits.map(({ until }) => Date.parse(until)));
}
