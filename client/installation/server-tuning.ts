// How every development server of Bosun is tuned.
import { searchKeys } from "../../protocol/search-attributes.ts";

export const retentionDays = 30;

const typeWords = { KEYWORD: "Keyword", INT: "Int" } as const;

/** The search attributes Bosun writes, by name and type, in the words of Temporal's command line. */
export const searchAttributes = Object.fromEntries(
  Object.values(searchKeys).map(({ name, type }) => [name, typeWords[type]]),
);

/** With the defaults every hop waits for a 50 ms tick, and a second question at once for 1.4 s. */
export const dynamicConfig = {
  "history.transferProcessorMaxPollRPS": 1000,
  "history.MaxBufferedQueryCount": 100,
  "matching.useNewMatcher": true,
  "matching.enableFairness": true,
};

/** For a database file: twice as many workflows a second. */
export const databaseFlags = toFlags("--sqlite-pragma", {
  journal_mode: "WAL",
  synchronous: "NORMAL",
});

export const tuningFlags = [
  ...toFlags("--dynamic-config-value", dynamicConfig),
  ...toFlags("--search-attribute", searchAttributes),
];

function toFlags(flag: string, values: object): readonly string[] {
  return Object.entries(values).map(([key, value]) => `${flag}=${key}=${String(value)}`);
}
