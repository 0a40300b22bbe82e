// Why a command was not done, and its exit code.

/** Ends a command with one or two lines that say what to do next. 1: it failed. 2: it was asked for wrongly. 130: Ctrl-C. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: 1 | 2 | 130;

  constructor(message: string, exitCode: 1 | 2 | 130 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** An error's words, as a part of a sentence. */
export function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\.$/, "");
}
