// What the file tools answer, read back into figures.
import type { ToolRun } from "../conversation.ts";

export interface Listing {
  readonly count: number;
  readonly bytes: number;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

export interface Matches {
  readonly matches: number;
  readonly files: number;
  readonly searched: number;
  readonly hits: readonly { readonly path: string; readonly line: number; readonly text: string }[];
}

export interface Reading {
  readonly path: string;
  readonly total: number;
  readonly bytes: number;
  readonly lines: readonly string[];
}

/** Null when there is no result, an error, or a text of another shape. */
function bodyOf(run: ToolRun | undefined): string | null {
  return run?.result && !run.result.isError ? run.result.text : null;
}

export function toListing(run: ToolRun | undefined): Listing | null {
  const body = bodyOf(run);
  const head = /^(\d+) files?, (\d+) bytes? under /.exec(body ?? "");
  if (body === null || !head) return null;
  const files = body.split("\n").flatMap((line) => {
    const [, path, bytes] = /^(.+)\t(\d+)$/.exec(line) ?? [];
    return path === undefined ? [] : [{ path, bytes: Number(bytes) }];
  });
  return { count: Number(head[1]), bytes: Number(head[2]), files };
}

export function toMatches(run: ToolRun | undefined): Matches | null {
  const body = bodyOf(run);
  const head = /^(\d+) match(?:es)? in (\d+) files?, (\d+) files? searched/.exec(body ?? "");
  if (body === null || !head) return null;
  const hits = body
    .split("\n")
    .slice(1)
    .flatMap((text) => {
      const [, path, line, rest] = /^(.+?):(\d+): ?(.*)$/.exec(text) ?? [];
      return path === undefined ? [] : [{ path, line: Number(line), text: rest ?? "" }];
    });
  return { matches: Number(head[1]), files: Number(head[2]), searched: Number(head[3]), hits };
}

export function toReading(run: ToolRun | undefined): Reading | null {
  const body = bodyOf(run);
  const empty = /^(.+): empty, 0 bytes$/.exec(body ?? "");
  if (empty) return { path: empty[1] ?? "", total: 0, bytes: 0, lines: [] };
  const head = /^(.+): lines \d+-\d+ of (\d+), (\d+) bytes?/.exec(body ?? "");
  if (body === null || !head) return null;
  const lines = body
    .split("\n")
    .slice(1)
    .flatMap((line) => /^\s*\d+\t(.*)$/.exec(line)?.[1] ?? []);
  return { path: head[1] ?? "", total: Number(head[2]), bytes: Number(head[3]), lines };
}

/** The JSON object a delegation tool answered with, empty when it did not. */
export function toJsonResult(run: ToolRun | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(bodyOf(run) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** A field of a result, as a person reads it. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "unknown");
}

export function firstLine(text: string): string {
  return text.trimStart().split("\n", 1)[0] ?? "";
}

export function figure(value: number): string {
  return value.toLocaleString("en-US");
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${figure(value)} ${value === 1 ? one : many}`;
}

/** Where files lie, by their topmost folder. Empty when there are none. */
export function whereabouts(paths: readonly string[]): string {
  const counts = countBy(paths, (path) =>
    path.includes("/") ? `${path.split("/")[0]}/` : "the root",
  );
  const shown = counts.slice(0, 6).map(([folder, count]) => `${folder} ${figure(count)}`);
  return shown.length > 0 ? `Where: ${shown.join(", ")}.` : "";
}

/** The most frequent first, then by name. */
export function countBy<T>(items: readonly T[], keyOf: (item: T) => string): [string, number][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return [...counts].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
}
