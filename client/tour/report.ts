// The report the tour asked for, as a file on disk.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { toPlainLine } from "../screen/plain-text.ts";
import { reportName } from "./messages.ts";

export interface Report {
  readonly path: string;
  readonly lines: number;
  readonly bytes: number;
  /** Each heading with the first figures below it. */
  readonly headlines: readonly string[];
}

export function reportPath(dir: string, supervisorId: string): string {
  return join(dir, "artifacts", supervisorId, reportName);
}

/** Nothing as long as there is no report with words in it. */
export function readReport(path: string): Report | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  if (text.trim() === "") return undefined;
  const lines = text.split("\n");
  return {
    path,
    lines: lines.length,
    bytes: Buffer.byteLength(text),
    headlines: toHeadlines(lines),
  };
}

const mostHeadlines = 6;

function toHeadlines(lines: readonly string[]): readonly string[] {
  const found: string[] = [];
  let heading = "";
  for (const line of lines) {
    const title = /^#{2,3}\s+(.+)/.exec(line)?.[1];
    if (title) heading = title;
    else if (heading && /\d/.test(line) && !line.startsWith("Task `")) {
      found.push(`${toPlainLine(heading)}: ${withoutLabel(toPlainLine(line), heading)}`);
      heading = "";
    }
  }
  return found.slice(0, mostHeadlines);
}

/** A section's first line often repeats its heading. */
function withoutLabel(line: string, heading: string): string {
  const words = line.replace(/^[-*]\s+/, "");
  return words.startsWith(`${heading}: `) ? words.slice(heading.length + 2) : words;
}
