// What a command may use of the world around it.
import type { Env } from "../../protocol/environment.ts";

export interface Context {
  readonly env: Env;
  readonly cwd: string;
  /** One line, or several, on standard output. */
  readonly print: (text: string) => void;
  /** The same on standard error: progress and remarks, never results. */
  readonly note: (text: string) => void;
  /** One JSON value on standard output. */
  readonly json: (value: unknown) => void;
  /** Whether a person watches: both input and output are terminals. */
  readonly isTty: boolean;
  /** Whether colours are wanted. */
  readonly color: boolean;
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** Width of the screen as it is now, 80 where there is none. */
  readonly columns: () => number;
}
