// When an agent does not get on, by rule.
import type { Limits } from "../../protocol/settings.ts";
import { toTroubleText, type Trouble, troubleStages } from "../../protocol/trouble.ts";

/** A tool call with its outcome, as the rules see it. */
export interface TracedCall {
  /** Tells calls with other arguments apart. */
  readonly call: string;
  readonly label: string;
  readonly failed: boolean;
  /** It waits by its nature, so that it may be repeated. */
  readonly waits: boolean;
}

/** What an agent has called lately. */
export interface TroubleWatch {
  /** Calls that are nothing new, the newest last. */
  readonly seen: readonly string[];
  /** In how many turns each was made since the last new one. */
  readonly counts: Readonly<Record<string, number>>;
  /** Turns in a row without a new call. */
  readonly idleTurns: number;
  /** Failed calls in a row. */
  readonly failures: number;
  /** What is wrong, from the first rule that applies until none does. */
  readonly episode: Trouble | null;
}

export const noTrouble: TroubleWatch = {
  seen: [],
  counts: {},
  idleTurns: 0,
  failures: 0,
  episode: null,
};

type TroubleLimits = Pick<Limits, "troubleRepeats" | "troubleFailures" | "troubleIdleTurns">;

/** A call that is not among the newest so many is something new. */
const seenKept = 100;

/** The watch after the calls of one turn. A new call begins the count of repeated ones anew. */
export function watchTurn(
  watch: TroubleWatch,
  calls: readonly TracedCall[],
  limits: TroubleLimits,
  at: string,
): TroubleWatch {
  const made = [...new Set(calls.filter(({ waits }) => !waits).map(({ call }) => call))];
  const isNew = made.some((call) => !watch.seen.includes(call));
  const seen = [...watch.seen.filter((call) => !made.includes(call)), ...made].slice(-seenKept);
  const before = isNew ? {} : watch.counts;
  const counts = {
    ...before,
    ...Object.fromEntries(made.map((one) => [one, 1 + (before[one] ?? 0)])),
  };
  const counted: TroubleWatch = {
    seen,
    counts: Object.fromEntries(Object.entries(counts).filter(([call]) => seen.includes(call))),
    idleTurns: isNew ? 0 : watch.idleTurns + (made.length > 0 ? 1 : 0),
    failures: calls.reduce((sum, { failed }) => (failed ? sum + 1 : 0), watch.failures),
    episode: watch.episode,
  };
  return { ...counted, episode: toEpisode(counted, calls, limits, at) };
}

/** Somebody has spoken, or the agent has answered: what it calls next is something else. */
export function calmDown(watch: TroubleWatch): TroubleWatch {
  return { ...noTrouble, seen: watch.seen };
}

type Found = Pick<Trouble, "kind" | "text"> & { readonly level: number };

/** The worst that applies. Within an episode nobody is told less than before. */
function toEpisode(
  watch: TroubleWatch,
  calls: readonly TracedCall[],
  limits: TroubleLimits,
  at: string,
): Trouble | null {
  const found = [
    findRepeats(watch, calls, limits.troubleRepeats),
    findFailures(watch, calls, limits.troubleFailures),
    findIdle(watch, calls, limits.troubleIdleTurns),
  ];
  const level = Math.max(...found.map((one) => one.level));
  const worst = found.find((one) => one.level === level);
  if (!worst || level === 0) return null;
  const { episode } = watch;
  const reached = Math.max(level - 1, episode ? troubleStages.indexOf(episode.stage) : 0);
  return {
    kind: worst.kind,
    text: toTroubleText(worst.text),
    stage: troubleStages[reached] ?? "person",
    since: episode?.since ?? at,
  };
}

/** None, the agent itself, who started it, a person. */
const toLevel = (count: number, most: number): number =>
  Math.min(troubleStages.length, Math.floor(count / most));

function findRepeats({ counts }: TroubleWatch, calls: readonly TracedCall[], most: number): Found {
  const countOf = ({ call, waits }: TracedCall): number => (waits ? 0 : (counts[call] ?? 0));
  const worst = calls.toSorted((a, b) => countOf(b) - countOf(a))[0];
  const count = worst ? countOf(worst) : 0;
  const text = `${worst?.label} was called ${count} times with the same arguments and nothing new in between.`;
  return { kind: "repeats", text, level: toLevel(count, most) };
}

function findFailures(
  { failures }: TroubleWatch,
  calls: readonly TracedCall[],
  most: number,
): Found {
  const last = calls.findLast(({ failed }) => failed);
  const text = `${failures} tool calls in a row have failed, the last one was ${last?.label}.`;
  return { kind: "failures", text, level: toLevel(failures, most) };
}

function findIdle({ idleTurns }: TroubleWatch, calls: readonly TracedCall[], most: number): Found {
  const text = `${idleTurns} turns in a row called only what had been called before, the last one ${calls.at(-1)?.label}.`;
  return { kind: "idle", text, level: toLevel(idleTurns, most) };
}

/** Trouble that others than the agent itself know of. */
export function toldTrouble({ episode }: TroubleWatch): Trouble | undefined {
  return episode && episode.stage !== "agent" ? episode : undefined;
}

/** The stages that an episode has reached and the one before it had not, in order. */
export function newStages(
  before: Trouble | null,
  after: Trouble | null,
): readonly Trouble["stage"][] {
  if (!after) return [];
  const from = before ? troubleStages.indexOf(before.stage) + 1 : 0;
  return troubleStages.slice(from, troubleStages.indexOf(after.stage) + 1);
}

/** A call as a short text that is the same for the same arguments, whatever their order. */
export function toFingerprint(name: string, input: unknown): string {
  return hash(`${name} ${toStableJson(input)}`);
}

function toStableJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  if (Array.isArray(value)) return `[${value.map(toStableJson).join(",")}]`;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${toStableJson(one)}`).join(",")}}`;
}

/** Two runs of FNV-1a: enough to tell a hundred calls apart. */
function hash(text: string): string {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b);
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}
