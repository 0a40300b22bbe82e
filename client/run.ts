// One command from its arguments to its exit code.
import { CommanderError } from "commander";
import { SettingsError } from "../protocol/environment.ts";
import { buildProgram } from "./program.ts";
import { RequestError, type RequestErrorCode } from "./request-error.ts";
import { CommandError, reason } from "./command-error.ts";
import type { Context } from "./commands/context.ts";

/** Runs `bosun ...args`. 0: done. 1: failed. 2: asked for wrongly. 130: interrupted. */
export async function run(args: readonly string[], context: Context): Promise<number> {
  try {
    const words = args.length === 0 ? ["--help"] : args;
    await buildProgram(context).parseAsync(words, { from: "user" });
    return 0;
  } catch (error) {
    const { message, exitCode } = explain(error);
    if (message) context.note(message);
    return exitCode;
  }
}

interface Explained {
  readonly message: string;
  readonly exitCode: number;
}

function explain(error: unknown): Explained {
  // Commander has said it already.
  if (error instanceof CommanderError) return { message: "", exitCode: error.exitCode && 2 };
  if (error instanceof CommandError) return { message: error.message, exitCode: error.exitCode };
  if (error instanceof SettingsError) return { message: error.message, exitCode: 2 };
  if (error instanceof RequestError) {
    const message = [error.message, remedies[error.code]].filter(Boolean).join("\n");
    return { message, exitCode: error.code === "refused" ? 2 : 1 };
  }
  const [words] = reason(error).split("\n");
  return { message: `Bosun could not do this: ${words}`, exitCode: 1 };
}

const remedies: Record<RequestErrorCode, string> = {
  unreachable: "See what is wrong with: bosun doctor",
  unknown: "See what there is with: bosun tasks",
  ended: "",
  wrongKind: "See which is which with: bosun tasks",
  exists: "Choose another with --id, or leave --id out.",
  noWorker: "Start one with: bosun worker (or bosun up)",
  refused: "",
};
