// Runs a shell command in the workspace.
import { stat } from "node:fs/promises";
import { constants } from "node:os";
import type { runCommandInput } from "../../protocol/tools/host.ts";
import type { Shaped } from "../../protocol/shape.ts";
import { type Executed, execute, toShell } from "../commands/execute.ts";
import { type Jail, toPlace } from "./jail.ts";
import { ToolProblem } from "../tool-problem.ts";
import type { Tool } from "./tool.ts";

const defaultSeconds = 120;
/** A flood must not fill the disk on which the output is kept. */
const maxOutputBytes = 10_000_000;

export const runCommand: Tool<Shaped<typeof runCommandInput>> = async (input, context) => {
  const { jail, signal, commands } = context;
  const cwd = await toFolder(jail, input.cwd ?? ".");
  const sandbox = await commands.sandbox();
  const seconds = input.timeout_seconds ?? defaultSeconds;
  const executed = await context.reads.around(jail.workspace, async () =>
    execute({
      command: await sandbox.wrap(jail, cwd, toShell(input.command)),
      cwd,
      env: { ...commands.env, ...plainOutput },
      timeoutMs: seconds * 1_000,
      maxBytes: maxOutputBytes,
      signal,
      record: (group) => commands.record(group),
    }),
  );
  const head = `${toHead(executed, seconds, signal)} [${sandbox.words}]`;
  return {
    text: [head, ...toNotes(executed), toText(executed.output)].join("\n"),
    isError: executed.stopped !== undefined || executed.code !== 0,
  };
};

/** Colours and pagers are for people. */
const plainOutput = { NO_COLOR: "1", TERM: "dumb", PAGER: "cat", GIT_PAGER: "cat" };

async function toFolder(jail: Jail, given: string): Promise<string> {
  const place = await toPlace(jail, given);
  if (place.inArtifacts) {
    throw new ToolProblem("Commands run in the workspace, and artifacts are out of their reach.");
  }
  const stats = await stat(place.real);
  if (!stats.isDirectory())
    throw new ToolProblem(`${place.shown} is a file. Name a folder as cwd.`);
  return place.real;
}

function toHead(executed: Executed, seconds: number, signal: AbortSignal): string {
  const { stopped, code, ms } = executed;
  const took = `after ${(ms / 1_000).toFixed(1)} s`;
  if (stopped === undefined) return `${toExit(code, executed.signal)} ${took}`;
  const why = {
    time: `it had not ended ${took}. ${stays} timeout_seconds was ${seconds} and can be up to 1800.`,
    flood: `it printed more than ${maxOutputBytes} bytes. ${stays} Filter what it prints, or send it to a file.`,
    asked: `${toReason(signal)} in the middle of it, ${took}. ${stays} It was not run again.`,
  };
  return `Stopped: ${why[stopped]}`;
}

const stays = "What it had done stays.";

function toReason({ reason }: AbortSignal): string {
  const shutdown = reason instanceof Error && reason.message.includes("WORKER_SHUTDOWN");
  return shutdown ? "its worker was stopped" : "the call was cancelled";
}

function toExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `ended by ${signal}`;
  const name = code !== null && code > 128 ? toSignalName(code - 128) : undefined;
  return `exit code ${code}${name ? ` (${name})` : ""}`;
}

/** A shell says so that a program was ended by a signal. */
function toSignalName(number: number): string | undefined {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}

function toNotes({ left }: Executed): readonly string[] {
  if (left === 0) return [];
  return ["[it left processes in the background: they were stopped]"];
}

/** A NUL is no text, whatever printed it. */
function toText(output: Buffer): string {
  return output.length === 0 ? "(no output)" : output.toString().replaceAll("\0", "");
}
