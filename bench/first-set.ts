// Bosun beside the smallest program that makes the same calls.
import { parseArgs } from "node:util";
import { DefaultLogger, Runtime } from "@temporalio/worker";
import { rows } from "./rows/index.ts";
import type { Line } from "./support/row.ts";
import { toTable } from "./support/to-table.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: "boolean" }, rounds: { type: "string" } },
});
const unknown = positionals.filter((name) => !rows.has(name));
if (values.help) console.log(toHelp());
else if (unknown.length > 0) refuse(`There is no row ${unknown.join(", ")}.`);
else if (values.rounds && !/^[1-9]\d*$/.test(values.rounds)) refuse("--rounds takes a number.");
else await measure(positionals.length > 0 ? positionals : [...rows.keys()]);

function toHelp(): string {
  const about = [...rows].map(([name, row]) => `  ${name.padEnd(12)}${row.about}`);
  return [
    "npm run bench                          every row of the first set, some minutes",
    "npm run bench -- NAME... [--rounds N]  these rows, so many times each",
    "",
    "The first set, Bosun beside the smallest Temporal program that makes the same calls:",
    ...about,
    "",
    "By themselves:",
    "  durability  how long work stands still after a kill, ten minutes [--tasks N]",
    "  history     what tasks cost in events and bytes, three minutes [--only TEXT] [--events]",
  ].join("\n");
}

function refuse(why: string): void {
  console.error(`${why}\n\n${toHelp()}`);
  process.exitCode = 2;
}

async function measure(names: readonly string[]): Promise<void> {
  // Its processes go with it.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  Runtime.install({ logger: new DefaultLogger("ERROR") });
  const lines: Line[] = [];
  try {
    for (const name of names) {
      const row = rows.get(name);
      if (!row) continue;
      console.error(`${name}: ${row.about}`);
      lines.push(...(await row.measure(Number(values.rounds ?? row.rounds))));
    }
  } finally {
    if (lines.length > 0) console.log(toTable(lines));
  }
}
