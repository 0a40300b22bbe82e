// Documentation: Markdown files, lines and headings.
import type { Conversation } from "../conversation.ts";
import {
  byDepth,
  failures,
  listFiles,
  type Mission,
  pathsOf,
  readFile,
  readingsOf,
  runOf,
  searchFiles,
  toSummary,
} from "./mission.ts";
import { figure, plural, type Reading, toListing, toMatches } from "./tool-text.ts";

const markdown = listFiles("**/*.md");
const plain = listFiles("**/*.txt");
const headings = searchFiles("^#{1,6} ", "**/*.md");
const maxRead = 4;

export const documentation: Mission = {
  plan: (conversation) => [
    markdown,
    plain,
    ...byDepth(pathsOf(conversation, markdown)).slice(0, maxRead).map(readFile),
    headings,
  ],
  summary: (conversation) => {
    const listing = toListing(runOf(conversation, markdown));
    if (!listing)
      return toSummary(["Documentation: the files could not be listed."], failures(conversation));
    const found = toMatches(runOf(conversation, headings));
    const read = readingsOf(conversation);
    const unread = listing.files.length - read.length;
    return toSummary(
      [
        `Documentation: ${plural(listing.count, "Markdown file")}, ${plural(listing.bytes, "byte")}${found ? `, ${plural(found.matches, "heading")}` : ""}.`,
        plainText(conversation),
        read.length > 0 ? `Read: ${read.map(describe).join(", ")}.` : "",
        read[0] ? `First heading of ${read[0].path}: ${title(read[0])}.` : "",
      ],
      [
        ...failures(conversation),
        ...(unread > 0 ? [`${plural(unread, "Markdown file")} not read.`] : []),
      ],
    );
  },
};

function plainText(conversation: Conversation): string {
  const count = toListing(runOf(conversation, plain))?.count;
  return count === undefined ? "" : `Plain text: ${plural(count, ".txt file")}.`;
}

const isHeading = (line: string) => /^#{1,6} /.test(line);

function describe({ path, total, lines }: Reading): string {
  return `${path} (${figure(total)} lines, ${plural(lines.filter(isHeading).length, "heading")})`;
}

function title({ lines }: Reading): string {
  return lines.find(isHeading)?.replace(/^#+ /, "").slice(0, 80) ?? "none";
}
