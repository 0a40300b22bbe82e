// The command line.
import type { Context } from "./commands/context.ts";
import { run } from "./run.ts";

const { env, stdin, stdout, stderr } = process;

// A reader that has seen enough, as in `bosun tasks | head`, is no failure.
let readerIsGone = false;
for (const stream of [stdout, stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (readerIsGone) return;
    readerIsGone = true;
    // A command that has something to stop does so, as it does at a closed terminal.
    if (!process.emit("SIGHUP")) process.exit(error.code === "EPIPE" ? 0 : 1);
  });
}

// Whatever escapes all catches: its words for the person, not its stack.
process.on("uncaughtException", (error) => {
  stderr.write(`Bosun failed: ${error.message}\n`);
  process.exit(1);
});

const context: Context = {
  env,
  cwd: process.cwd(),
  print: (text) => stdout.write(`${text}\n`),
  note: (text) => stderr.write(`${text}\n`),
  json: (value) => stdout.write(`${JSON.stringify(value, null, 2)}\n`),
  isTty: stdin.isTTY && stdout.isTTY && env["TERM"] !== "dumb",
  color: wantsColor(),
  input: stdin,
  output: stdout,
  columns: () => Math.max(20, stdout.columns || Number(env["COLUMNS"]) || 80),
};

function wantsColor(): boolean {
  if (env["NO_COLOR"]) return false;
  return Boolean(env["FORCE_COLOR"]) || (stdout.isTTY && env["TERM"] !== "dumb");
}

const exitCode = await run(process.argv.slice(2), context);
process.exitCode = readerIsGone ? 0 : exitCode;
