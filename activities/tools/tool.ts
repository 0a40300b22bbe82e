// What a tool is given, what it gives back.
import type { Jail } from "./jail.ts";

export interface ToolContext {
  readonly jail: Jail;
  /** Never aborted for a tool with effects: what it began, it ends. */
  readonly signal: AbortSignal;
}

export interface ToolAnswer {
  readonly text: string;
  /** Paths under `artifacts/` that the call wrote. */
  readonly artifacts?: readonly string[];
}

/** Throws `ToolProblem`, or the file system's own error, for what the model should read. */
export type Tool<Input> = (input: Input, context: ToolContext) => Promise<ToolAnswer>;
