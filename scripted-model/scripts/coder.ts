// A coder in name: it looks around and changes nothing.
import { failures, listFiles, type Mission, runOf, searchFiles, toSummary } from "./mission.ts";
import { plural, toListing } from "./tool-text.ts";

const all = listFiles();

export const coder: Mission = {
  plan: () => [all, listFiles("**/*.md"), searchFiles("TODO|FIXME")],
  summary: (conversation) => {
    const listing = toListing(runOf(conversation, all));
    const seen = listing ? plural(listing.count, "file") : "no list of files";
    return toSummary(
      [`Coder: looked at ${seen}, changed none.`],
      [...failures(conversation), "the code: a scripted model cannot write it."],
    );
  },
};
