// A subagent's work: calls made one by one, then a summary.
import type { Conversation, ToolRun } from "../conversation.ts";
import type { ToolCall } from "../reply.ts";
import { firstLine, type Reading, toListing, toReading } from "./tool-text.ts";

export interface Mission {
  /** What can be planned so far. Later calls may depend on the results of earlier ones. */
  readonly plan: (conversation: Conversation) => readonly ToolCall[];
  /** Under 1.5 KB, and readable without knowing what was asked. */
  readonly summary: (conversation: Conversation) => string;
}

export const listFiles = (pattern?: string): ToolCall => ({
  name: "list_files",
  input: pattern === undefined ? {} : { pattern },
});

export const searchFiles = (pattern: string, glob?: string): ToolCall => ({
  name: "search_files",
  input: glob === undefined ? { pattern } : { pattern, glob },
});

export const readFile = (path: string): ToolCall => ({
  name: "read_file",
  input: { path, limit: 200 },
});

/** The first planned call that has not been made, of the tools this agent has. */
export function nextCall(plan: readonly ToolCall[], conversation: Conversation): ToolCall | null {
  const made = new Set(conversation.runs.map(({ name, input }) => keyOf({ name, input })));
  const open = plan.find((call) => conversation.tools.has(call.name) && !made.has(keyOf(call)));
  return open ?? null;
}

export function runOf(conversation: Conversation, call: ToolCall): ToolRun | undefined {
  return conversation.runs.find(({ name, input }) => keyOf({ name, input }) === keyOf(call));
}

/** Of a listing, as far as it is there. */
export function pathsOf(conversation: Conversation, call: ToolCall): string[] {
  return (toListing(runOf(conversation, call))?.files ?? []).map(({ path }) => path);
}

export function readingsOf({ runs }: Conversation): Reading[] {
  return runs.flatMap((run) => toReading(run) ?? []);
}

/** Nearest the root first. */
export function byDepth(paths: readonly string[]): string[] {
  return paths.toSorted((a, b) => a.split("/").length - b.split("/").length || (a < b ? -1 : 1));
}

const binary =
  /\.(png|jpe?g|gif|webp|ico|pdf|zip|gz|tgz|jar|woff2?|ttf|mp[34]|mov|exe|dll|so|bin|wasm|db|sqlite|class|pyc)$/i;

export function isReadable(path: string): boolean {
  return !binary.test(path);
}

/** What a summary says it could not do. */
export function failures({ runs }: Conversation): string[] {
  const failed = runs.filter(({ result }) => result?.isError);
  return failed.slice(0, 3).map(({ name, input, result }) => {
    const target = input["path"] ?? input["pattern"] ?? "";
    return `${name} ${JSON.stringify(target)} failed: ${firstLine(result?.text ?? "").slice(0, 100)}`;
  });
}

/** Lines of a summary, with what was not done and who wrote it. */
export function toSummary(lines: readonly string[], notDone: readonly string[]): string {
  const close =
    notDone.length > 0 ? `Not done: ${notDone.join(" ")}` : "Not done: nothing that was asked.";
  const whole = [
    ...lines.filter(Boolean),
    close,
    "(scripted model, not Claude: figures are from tool results)",
  ];
  return whole.map((line) => (line.length > 340 ? `${line.slice(0, 339)}…` : line)).join("\n");
}

function keyOf({
  name,
  input,
}: {
  name: string;
  input: Readonly<Record<string, unknown>>;
}): string {
  return JSON.stringify([name, Object.entries(input).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}
