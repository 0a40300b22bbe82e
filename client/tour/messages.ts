// What the tour says to the supervisor, in order.

/** The report, as a path under the artifacts of the supervisor. */
export const reportName = "report.md";

/** Tasks that must have been started before the tour goes on. */
export const fewestTasks = 3;

export const survey = [
  "Survey this workspace and write a report on it.",
  "Hand the work to background subagents, at least three and better four, all started at once:",
  "structure (what lies where, in figures), loose ends (TODO, FIXME and the like),",
  "documentation, and tests.",
  `When all of them have ended, write the report to artifacts/${reportName}.`,
].join(" ");

export const question = "What is each of them doing right now?";

export const change = [
  "Two changes. Loose ends: leave Markdown files out and rank by file.",
  "Tests: too broad, stop that task and start a narrower one",
  "that only counts test files and names the largest.",
].join(" ");
