// Searches text files line by line, in linear time.
import { stat } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { RE2JS } from "re2js";
import type { searchFilesInput } from "../../protocol/tools/host.ts";
import type { Shaped } from "../../protocol/shape.ts";
import { cutLine } from "./cut-line.ts";
import { type Jail, type Place, toPlace } from "./jail.ts";
import { loadText, toRefusal } from "./load-text.ts";
import { toCode, ToolProblem } from "../tool-problem.ts";
import type { Tool } from "./tool.ts";
import { walk, type Walk } from "./walk.ts";

type Input = Shaped<typeof searchFilesInput>;

const maxMatches = 200;
const maxText = 300;
const maxBytes = 2_000_000;
/** Ends in time for an answer, well before the tool's own timeout. */
const maxMs = 60_000;
/** Steps one line may take. Beyond, only the beginning of the line is searched. */
const maxSteps = 40_000_000;

interface Search {
  readonly pattern: RE2JS;
  readonly signal: AbortSignal;
  readonly ends: number;
  readonly hits: string[];
  matches: number;
  files: number;
  searched: number;
  big: number;
  yielded: number;
}

export const searchFiles: Tool<Input> = async (input, { jail, signal }) => {
  const pattern = compile(input.pattern);
  const place = await toPlace(jail, input.path ?? ".");
  const { files, notes } = await toFiles(jail, place, input.glob, signal);
  const search = begin(pattern, signal);
  for (const file of files) {
    if (performance.now() > search.ends) break;
    await searchFile(search, file, file.shown === place.shown);
  }
  return { text: toText(search, notes) };
};

function begin(pattern: RE2JS, signal: AbortSignal): Search {
  const now = performance.now();
  const counts = { matches: 0, files: 0, searched: 0, big: 0, yielded: now };
  return { pattern, signal, ends: now + maxMs, hits: [], ...counts };
}

function compile(pattern: string): RE2JS {
  try {
    const expression = RE2JS.compile(pattern);
    if (expression.programSize() <= 20_000) return expression;
  } catch (error) {
    const why = error instanceof Error ? error.message : "";
    throw new ToolProblem(
      `The pattern is no RE2 expression: ${why}. There are no look-arounds and no back-references. Put a \\ before a character that is meant literally.`,
    );
  }
  throw new ToolProblem("The pattern repeats too much. Use smaller counts in {}.");
}

/** A file named by its path is searched whatever it is called, ignored or not. */
async function toFiles(
  jail: Jail,
  place: Place,
  glob: string | undefined,
  signal: AbortSignal,
): Promise<Walk> {
  const stats = await stat(place.real).catch(() => undefined);
  if (!stats || stats.isDirectory()) return walk(jail, place, glob, signal);
  return { files: [{ shown: place.shown, real: place.real, bytes: stats.size }], notes: [] };
}

async function searchFile(
  search: Search,
  file: Walk["files"][number],
  named: boolean,
): Promise<void> {
  const loaded = await loadText(file.real, maxBytes).catch((error: unknown) => {
    // Among many files, one that has just gone or may not be read is nobody's question.
    if (!named && toCode(error) !== undefined) return undefined;
    throw error;
  });
  if (loaded?.kind === "text") return searchText(search, file.shown, loaded.text);
  if (loaded?.kind === "big") search.big += 1;
  if (named && loaded) throw new ToolProblem(toRefusal(file.shown, loaded, maxBytes));
}

async function searchText(search: Search, shown: string, text: string): Promise<void> {
  const { pattern, hits } = search;
  const maxLine = Math.floor(maxSteps / pattern.programSize());
  const before = search.matches;
  search.searched += 1;
  let number = 0;
  for (const whole of text.split("\n")) {
    if (performance.now() > search.ends) break;
    number += 1;
    await rest(search);
    const line = (whole.endsWith("\r") ? whole.slice(0, -1) : whole).slice(0, maxLine);
    if (!pattern.test(line)) continue;
    search.matches += 1;
    if (hits.length < maxMatches) hits.push(`${shown}:${number}: ${toHit(pattern, line)}`);
  }
  if (search.matches > before) search.files += 1;
}

/** A long line is shown from shortly before its match. */
function toHit(pattern: RE2JS, line: string): string {
  if (line.length <= maxText) return line;
  const matcher = pattern.matcher(line);
  const at = matcher.find() ? matcher.start() : 0;
  return cutLine(line, maxText, at < maxText / 2 ? 0 : at - maxText / 3);
}

/** Lets heartbeats and cancellation through. */
async function rest(search: Search): Promise<void> {
  if (performance.now() - search.yielded < 10) return;
  await setImmediate();
  search.signal.throwIfAborted();
  search.yielded = performance.now();
}

function toText(search: Search, notes: readonly string[]): string {
  const { hits, matches, files, searched, big } = search;
  const left = matches - hits.length;
  return [
    `${matches} matches in ${files} files, ${searched} files searched`,
    ...hits,
    ...notes,
    ...(big > 0 ? [`[${big} files above ${maxBytes} bytes were left out]`] : []),
    ...(performance.now() > search.ends ? ["[stopped after 60 s: narrow path or glob]"] : []),
    ...(left > 0 ? [`[${left} more matches: narrow pattern, path or glob]`] : []),
  ].join("\n");
}
