// What an agent is: name, prompt, tools and limits.
import type { Budget } from "./budget.ts";
import type { Isolation } from "./isolation.ts";
import type { ToolDeclaration } from "./turn.ts";

/** An agent as its file says it, checked. */
export interface AgentDefinition {
  readonly name: string;
  readonly description: string;
  /** A model id, `opus`, `sonnet`, `haiku`, `inherit` (the parent's), or `default` (by settings). */
  readonly model: string;
  readonly system: string;
  readonly tools: readonly ToolDeclaration[];
  /** Tools whose calls a person approves first. Definitions recorded before there was any lack it. */
  readonly approve?: readonly string[];
  readonly maxTurns?: number;
  readonly maxTokens?: number;
  /** The most it may spend with its tasks. */
  readonly budget?: Budget;
  /** Whether it holds the tools that hand work to subagents. */
  readonly delegate: boolean;
  /** Tasks of this agent work in a git worktree of their own. */
  readonly isolation?: Isolation;
  /** The agents it may hand work to. Empty unless `delegate`. */
  readonly roster: readonly AgentLine[];
  /** What the file asked for and Bosun does not have, with file and line. */
  readonly warnings: readonly string[];
  /** Differs wherever `system` or `tools` do. Definitions recorded by version 0.1 lack it. */
  readonly print?: string;
}

/** One line of a roster. */
export interface AgentLine {
  readonly name: string;
  readonly description: string;
  readonly isolation?: Isolation;
  /** It may run commands, which no scope holds back. */
  readonly commands?: true;
}

/** Files an agent works on, bound to the host they lie on. */
export interface Workspace {
  readonly host: string;
  /** Absolute real path on that host. */
  readonly path: string;
}

/** What `prepareWorkspace` found out. */
export interface PreparedWorkspace extends Workspace {
  readonly writable: boolean;
  readonly git: boolean;
}

export const supervisorAgent = "supervisor";
