// What tools with effects have begun, what came of it.
import { link, mkdir, open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { ToolOutcome } from "../../protocol/activities.ts";
import { toFileName } from "../file-name.ts";
import { toHash } from "../to-hash.ts";
import { stopLeftover, toGroupFile } from "../commands/running-groups.ts";
import { createStopSwitch, type StopSwitch } from "../commands/stop-switch.ts";
import { toCode, ToolProblem } from "../tool-problem.ts";
import { writeWhole } from "../write-whole.ts";

/** One tool call with an effect. Retries of it are the same call. */
export interface Effect {
  readonly workflowId: string;
  readonly toolUseId: string;
  readonly tool: string;
  readonly label: string;
  readonly input: unknown;
}

export type Attempt = Parameters<StopSwitch["join"]>[0];
type Run = (stop: AbortSignal) => Promise<ToolOutcome>;

export interface EffectJournal {
  /**
   * Runs the effect unless it may have begun before: then its recorded outcome, or that nobody
   * knows it. A cancelled attempt is heeded until the effect begins. From then on `stop` says when
   * no attempt wants it any more.
   */
  once(effect: Effect, attempt: Attempt, run: Run): Promise<ToolOutcome>;
}

const begun = {
  pid: z.number(),
  pidStart: z.number(),
  at: z.string(),
  tool: z.string(),
  label: z.string(),
  /** Tells a retry from another call under the same id. */
  digest: z.string(),
};
const outcome: z.ZodType<ToolOutcome> = z.object({
  text: z.string(),
  isError: z.boolean(),
  artifacts: z.array(z.string()),
});
const entryShape = z.discriminatedUnion("state", [
  z.object({ state: z.literal("begun"), ...begun }),
  z.object({ state: z.literal("done"), ...begun, outcome }),
]);
type Entry = z.infer<typeof entryShape>;

/** One file a call, `<dir>/journal/<workflowId>/<toolUseId>.json`. */
export function createEffectJournal(dir: string): EffectJournal {
  const running = new Map<string, { outcome: Promise<ToolOutcome>; stop: StopSwitch }>();
  return {
    once(effect, attempt, run) {
      const names = [effect.workflowId, effect.toolUseId].map(toFileName);
      const path = `${join(dir, "journal", ...names)}.json`;
      const joined = running.get(path);
      joined?.stop.join(attempt);
      if (joined) return joined.outcome;
      const stop = createStopSwitch();
      stop.join(attempt);
      const files = { path, group: toGroupFile(dir, effect.workflowId, effect.toolUseId) };
      const first = attempt.cancellationSignal;
      const result = attemptOnce(files, effect, first, () => run(stop.signal)).finally(() =>
        running.delete(path),
      );
      running.set(path, { outcome: result, stop });
      return result;
    },
  };
}

async function attemptOnce(
  { path, group }: { readonly path: string; readonly group: string },
  effect: Effect,
  signal: AbortSignal,
  run: () => Promise<ToolOutcome>,
): Promise<ToolOutcome> {
  const known = await readEntry(path);
  if (known !== "none") {
    const stopped = await stopLeftover(group);
    return toKnown(known, effect, stopped);
  }
  signal.throwIfAborted();
  const entry = toEntry(effect);
  if (!(await begin(path, entry))) return toKnown(await readEntry(path), effect);
  const result = await run();
  const done: Entry = {
    ...entry,
    state: "done",
    outcome: { ...result, artifacts: [...result.artifacts] },
  };
  // Unrecorded, a further attempt says "in doubt", which is true. This one knows better.
  await writeWhole(path, JSON.stringify(done)).catch(() => undefined);
  return result;
}

async function readEntry(path: string): Promise<Entry | "none" | "unreadable"> {
  try {
    return entryShape.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    const code = toCode(error);
    return code === "ENOENT" || code === "ENOTDIR" ? "none" : "unreadable";
  }
}

function toEntry(effect: Effect): Entry {
  return {
    state: "begun",
    pid: process.pid,
    pidStart: Math.round(performance.timeOrigin),
    at: new Date().toISOString(),
    tool: effect.tool,
    label: effect.label,
    digest: toDigest(effect),
  };
}

function toDigest({ tool, input }: Effect): string {
  return toHash(JSON.stringify([tool, input]));
}

/** False when another attempt has begun meanwhile: a link is never made over a file. */
async function begin(path: string, entry: Entry): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeWhole(path, JSON.stringify(entry), { place: link });
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    if (toCode(error) === "EEXIST" && (await readEntry(path)) !== "none") return false;
    const why = toCode(error) ?? String(error);
    throw new ToolProblem(
      `${entry.tool} was not run and nothing was changed: Bosun could not record it first (${why} in ${dirname(path)}). Tell the person that this folder must be writable, with free space.`,
    );
  }
}

/** Otherwise a power failure could take the record and leave the effect. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path);
  await handle.sync().finally(() => handle.close());
}

function toKnown(known: Entry | "none" | "unreadable", effect: Effect, stopped = 0): ToolOutcome {
  if (typeof known === "string" || known.digest === toDigest(effect)) {
    return typeof known !== "string" && known.state === "done"
      ? known.outcome
      : inDoubt(effect, stopped);
  }
  return refusal(
    `${effect.tool} was not run: another call, ${known.label}, had the same id. Make the call again.`,
  );
}

function inDoubt({ tool, label }: Effect, stopped: number): ToolOutcome {
  const rest = stopped > 0 ? " What was still running of it was stopped." : "";
  return {
    ...refusal(
      `${tool} may have begun, outcome unknown: its worker stopped in the middle.${rest} It was not repeated. Read the file, or whatever it should have changed, to see whether the change is there, then make it again only if it is missing.`,
    ),
    inDoubt: label,
  };
}

function refusal(text: string): ToolOutcome {
  return { text, isError: true, artifacts: [] };
}
