// When a task has to be done, and what does not count.

/** A deadline as it was set, carried over rolls. `at` is ISO 8601. */
export interface Deadline {
  readonly at: string;
  readonly lengthMs: number;
  /** It was prolonged, because nothing ran here when it was up. Once. */
  readonly extended?: boolean;
}

/** Time in which the task was paused since it began. No deadline counts it. */
interface Pauses {
  readonly pausedAt: string | null;
  readonly pausedMs: number;
}

/** So many minutes from now. */
export function toDeadline(minutes: number, nowMs: number): Deadline {
  const lengthMs = Math.max(1, Math.round(minutes * 60_000));
  return { at: new Date(nowMs + lengthMs).toISOString(), lengthMs };
}

/** When it is up, as it stands. */
export function dueAt({ at }: Deadline, { pausedMs }: Pick<Pauses, "pausedMs">): number {
  return Date.parse(at) + pausedMs;
}

/** Milliseconds that are left, none or less when it is up. Nothing while a pause stops the clock. */
export function timeLeft(deadline: Deadline, pauses: Pauses, nowMs: number): number | undefined {
  if (pauses.pausedAt !== null) return undefined;
  return dueAt(deadline, pauses) - nowMs;
}

/** The most by which a time that ran out unnoticed is prolonged, in milliseconds. */
export const longestExtension = 3_600_000;

/** A deadline that was noticed too late is prolonged once. Nothing when it is simply up. */
export function prolongLate(
  deadline: Deadline,
  pauses: Pauses,
  { nowMs, lateMs }: { readonly nowMs: number; readonly lateMs: number },
): Deadline | undefined {
  const left = timeLeft(deadline, pauses, nowMs);
  if (left === undefined || left >= -lateMs || deadline.extended) return undefined;
  const until = nowMs + Math.min(deadline.lengthMs, longestExtension);
  return { ...deadline, at: new Date(until - pauses.pausedMs).toISOString(), extended: true };
}
