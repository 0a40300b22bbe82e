// Structure: what files there are, by kind and by size.
import type { Conversation } from "../conversation.ts";
import {
  byDepth,
  failures,
  isReadable,
  listFiles,
  type Mission,
  pathsOf,
  readFile,
  readingsOf,
  runOf,
  searchFiles,
  toSummary,
} from "./mission.ts";
import {
  countBy,
  figure,
  type Listing,
  plural,
  toListing,
  toMatches,
  whereabouts,
} from "./tool-text.ts";

const all = listFiles();
const manifests = listFiles("**/*.json");
const imports = searchFiles("^(import|from|use|#include|require)\\b");
const keyFiles = [
  /(^|\/)readme\b/i,
  /^package\.json$|^pyproject\.toml$|^go\.mod$|^cargo\.toml$/i,
  /(^|\/)(main|index|app|cli)\.\w+$/i,
];

export const structure: Mission = {
  plan: (conversation) => [all, manifests, ...keyFilesOf(conversation).map(readFile), imports],
  summary: (conversation) => {
    const listing = toListing(runOf(conversation, all));
    if (!listing)
      return toSummary(["Structure: the files could not be listed."], failures(conversation));
    const read = readingsOf(conversation);
    const found = toMatches(runOf(conversation, imports));
    return toSummary(
      [
        `Structure: ${plural(listing.count, "file")}, ${plural(listing.bytes, "byte")}${kinds(listing)}.`,
        biggest(listing),
        whereabouts(listing.files.map(({ path }) => path)),
        read.length > 0
          ? `Read: ${read.map(({ path, total }) => `${path} (${plural(total, "line")})`).join(", ")}.`
          : "",
        found ? `Import lines: ${figure(found.matches)} in ${plural(found.files, "file")}.` : "",
      ],
      [...failures(conversation), ...beyondList(listing)],
    );
  },
};

/** At most three, one of each sort, those nearest the root. */
function keyFilesOf(conversation: Conversation): string[] {
  const paths = byDepth(pathsOf(conversation, all).filter(isReadable));
  const found = keyFiles.flatMap((sort) => paths.find((path) => sort.test(path)) ?? []);
  return [...new Set([...found, ...paths])].slice(0, Math.max(found.length, 1));
}

function kinds({ files }: Listing): string {
  const counts = countBy(files, ({ path }) => /\.(\w+)$/.exec(path)?.[0] ?? "without extension");
  if (counts.length === 0) return "";
  const bytes = (kind: string) =>
    files.reduce((sum, file) => sum + (file.path.endsWith(kind) ? file.bytes : 0), 0);
  const shown = counts.slice(0, 5).map(([kind, count]) => {
    const size = kind.startsWith(".") ? `, ${figure(bytes(kind))} B` : "";
    return `${kind} (${figure(count)}${size})`;
  });
  return `: ${shown.join(", ")}`;
}

function biggest({ files }: Listing): string {
  const top = files.toSorted((a, b) => b.bytes - a.bytes).slice(0, 3);
  return top.length > 0
    ? `Biggest: ${top.map(({ path, bytes }) => `${path} (${figure(bytes)} B)`).join(", ")}.`
    : "";
}

function beyondList({ count, files }: Listing): string[] {
  return count > files.length
    ? [`kinds and sizes count only the ${plural(files.length, "file")} listed.`]
    : [];
}
