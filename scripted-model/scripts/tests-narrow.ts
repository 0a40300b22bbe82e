// Test count: how many test files, by their names alone.
import { failures, listFiles, type Mission, runOf, toSummary } from "./mission.ts";
import { plural, toListing, whereabouts } from "./tool-text.ts";

const lists = ["**/*.test.*", "**/*.spec.*", "**/{test,tests,__tests__}/**"].map(listFiles);

export const testsNarrow: Mission = {
  plan: () => lists,
  summary: (conversation) => {
    const listings = lists.flatMap((call) => toListing(runOf(conversation, call)) ?? []);
    const paths = [...new Set(listings.flatMap(({ files }) => files.map(({ path }) => path)))];
    const cut = listings.some(({ count, files }) => count > files.length);
    return toSummary(
      [
        `Test count: ${plural(paths.length, "test file")}, counted by name (*.test.*, *.spec.*, test folders).`,
        whereabouts(paths),
      ],
      [
        ...failures(conversation),
        ...(cut ? ["a list was cut, so there are more."] : []),
        "no test file was opened.",
      ],
    );
  },
};
