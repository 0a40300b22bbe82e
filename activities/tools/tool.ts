// What a tool is given, what it gives back.
import type { Scope } from "../../protocol/isolation.ts";
import type { ProcessGroup } from "../commands/process-group.ts";
import type { ReadLog } from "../edits/read-log.ts";
import type { Sandbox } from "../commands/sandbox.ts";
import type { Jail } from "./jail.ts";

export interface ToolContext {
  readonly jail: Jail;
  /** Aborted for a tool with effects only when it is one that can be stopped: what others began, they end. */
  readonly signal: AbortSignal;
  readonly commands: CommandContext;
  /** The top of the tree that the call belongs to. */
  readonly rootId: string;
  /** What the task may change, when not all of the workspace. */
  readonly scopes: readonly Scope[];
  readonly reads: ReadLog;
}

/** What a command needs beyond the files. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string>>;
  sandbox(): Promise<Sandbox>;
  /** Puts the processes of this call on record, so that a later attempt can stop them. */
  record(group: ProcessGroup): Promise<void>;
}

export interface ToolAnswer {
  readonly text: string;
  /** Set when what the tool did has failed, while the tool itself has not. */
  readonly isError?: boolean;
  /** Paths under `artifacts/` that the call wrote. */
  readonly artifacts?: readonly string[];
}

/** Throws `ToolProblem`, or the file system's own error, for what the model should read. */
export type Tool<Input> = (input: Input, context: ToolContext) => Promise<ToolAnswer>;
