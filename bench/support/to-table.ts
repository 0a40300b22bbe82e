// The lines of the first set, as a table.
import type { Goal, Line } from "./row.ts";

const head = ["", "bare", "Bosun", "ratio", "goal", ""];

/** Text that is a table of Markdown too. */
export function toTable(lines: readonly Line[]): string {
  const cells = [head, ...lines.map(toCells)];
  const widths = head.map((_, column) =>
    Math.max(3, ...cells.map((row) => (row[column] ?? "").length)),
  );
  const rule = widths.map((width) => "-".repeat(width));
  const [first = [], ...rest] = cells.map((row) =>
    row.map((cell, at) => cell.padEnd(widths[at] ?? 0)),
  );
  return [first, rule, ...rest].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function toCells(line: Line): readonly string[] {
  const { what, bare, bosun, unit, digits = 0, goal } = line;
  const shown = (value: number): string =>
    `${value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits })} ${unit}`.trim();
  return [
    what,
    shown(bare),
    shown(bosun),
    (bosun / bare).toFixed(2),
    goal ? toWords(goal, shown) : "",
    goal ? (isMet(line, goal) ? "met" : "missed") : "",
  ];
}

function toWords({ of, is, limit }: Goal, shown: (value: number) => string): string {
  return of === "ratio" ? `${is} ${limit} of bare` : `${is} ${shown(limit)}`;
}

function isMet({ bare, bosun }: Line, { of, is, limit }: Goal): boolean {
  const value = of === "ratio" ? bosun / bare : bosun;
  return is === "at most" ? value <= limit : value >= limit;
}
