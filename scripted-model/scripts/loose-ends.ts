// Loose ends: markers of work left to do, file by file.
import type { Conversation } from "../conversation.ts";
import type { ToolCall } from "../reply.ts";
import {
  failures,
  isReadable,
  listFiles,
  type Mission,
  readFile,
  runOf,
  searchFiles,
  toSummary,
} from "./mission.ts";
import { type Note, notesOf } from "./notices.ts";
import {
  countBy,
  figure,
  type Matches,
  plural,
  toMatches,
  toReading,
  textOf,
} from "./tool-text.ts";

const markers = ["TODO", "FIXME", "XXX", "HACK"];
const anyMarker = `\\b(${markers.join("|")})\\b`;
const all = searchFiles(anyMarker);
const byMarker = markers.map((marker) => searchFiles(`\\b${marker}\\b`));
const others = [
  "not implemented|unimplemented",
  "@deprecated",
  "\\.(skip|only)\\(",
  "console\\.log|debugger",
];

/** What a note asks to leave out, as the glob that does it. */
const exclusions: readonly (readonly [RegExp, string])[] = [
  [/markdown|\.md\b/i, "!**/*.md"],
  [/\bjson\b/i, "!**/*.json"],
  [/\bya?ml\b/i, "!**/*.{yml,yaml}"],
  [/\btests?\b/i, "!**/*test*"],
];

export const looseEnds: Mission = {
  plan: (conversation) => {
    const note = notesOf(conversation).at(-1);
    const steered = note ? steeredSearch(note) : all;
    const searched = toMatches(runOf(conversation, steered));
    const top = ranking(searched).find(([path]) => isReadable(path))?.[0];
    const reading = top === undefined ? [] : [readFile(top)];
    if (note) return [steered, ...reading];
    return [
      listFiles(),
      ...byMarker,
      all,
      ...others.map((other) => searchFiles(other)),
      ...reading,
    ];
  },
  summary: (conversation) => {
    const note = notesOf(conversation).at(-1);
    const found = toMatches(runOf(conversation, note ? steeredSearch(note) : all));
    if (!found)
      return toSummary(["Loose ends: the search gave no figures."], failures(conversation));
    const read = conversation.runs.findLast((run) => toReading(run));
    return toSummary(
      [
        headline(found, note),
        perFile(found),
        note ? followed(note) : perMarker(conversation),
        first(found),
        read ? `Read: ${textOf(read.input["path"])}.` : "",
      ],
      [...failures(conversation), ...beyondHits(found)],
    );
  },
};

function steeredSearch({ message }: Note): ToolCall {
  const glob = excludes(message);
  return searchFiles(anyMarker, glob ?? "**/*");
}

function excludes(message: string): string | null {
  if (!/leave out|without|skip|exclud|ignor|\bnot?\b|except/i.test(message)) return null;
  return exclusions.find(([asked]) => asked.test(message))?.[1] ?? null;
}

function headline(found: Matches, note: Note | undefined): string {
  const glob = note ? excludes(note.message) : null;
  const scope = glob ? ` (glob ${glob})` : "";
  return `Loose ends: ${plural(found.matches, "line")} with a marker in ${plural(found.files, "file")} of ${figure(found.searched)} searched${scope}.`;
}

function perFile(found: Matches): string {
  const ranked = ranking(found).slice(0, 5);
  return ranked.length > 0
    ? `By file: ${ranked.map(([path, count]) => `${path} (${figure(count)})`).join(", ")}.`
    : "";
}

function perMarker(conversation: Conversation): string {
  const counts = byMarker.map(
    (call, at) => `${markers[at]} ${toMatches(runOf(conversation, call))?.matches ?? "?"}`,
  );
  return `By marker: ${counts.join(", ")}.`;
}

function followed({ id, from, message }: Note): string {
  const acted = excludes(message) ? "searched again with it and ranked by file" : "ranked by file";
  return `Followed note ${id} from ${from}: "${message.slice(0, 160)}" (${acted}).`;
}

function first({ hits }: Matches): string {
  const hit = hits[0];
  return hit ? `First: ${hit.path}:${hit.line}: ${hit.text.trim().slice(0, 120)}` : "";
}

function ranking(found: Matches | null): [string, number][] {
  return countBy(found?.hits ?? [], ({ path }) => path);
}

function beyondHits({ matches, hits }: Matches): string[] {
  return matches > hits.length
    ? [`the ranking counts only the ${plural(hits.length, "line")} shown.`]
    : [];
}
