// Tests, read one by one: slow on purpose, to be cancelled.
import type { ToolCall } from "../reply.ts";
import {
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
import { plural, toListing, toMatches } from "./tool-text.ts";

const named = listFiles("**/*test*");
const maxRead = 15;
const words =
  "describe it test expect assert should mock stub spy fixture snapshot before after setup teardown suite case equal throws rejects timeout retry flaky skip only each coverage golden fake harness".split(
    " ",
  );

export const testsBroad: Mission = {
  plan: (conversation) => {
    const paths = pathsOf(conversation, named).filter(isReadable);
    const reads = paths.slice(0, maxRead).map(readFile);
    return [
      named,
      ...words.flatMap((word, at): ToolCall[] => [
        ...reads.slice(at, at + 1),
        searchFiles(`\\b${word}\\b`),
      ]),
    ];
  },
  summary: (conversation) => {
    const listing = toListing(runOf(conversation, named));
    const read = readingsOf(conversation);
    const searches = conversation.runs.flatMap((run) => toMatches(run) ?? []);
    const lines = read.reduce((sum, { total }) => sum + total, 0);
    return toSummary(
      [
        `Tests: ${plural(listing?.count ?? 0, "file")} with "test" in the path, ${read.length} read (${plural(lines, "line")}).`,
        `${plural(searches.length, "search", "searches")} for words of test code, ${plural(
          searches.reduce((sum, { matches }) => sum + matches, 0),
          "match",
          "matches",
        )}.`,
      ],
      failures(conversation),
    );
  },
};
