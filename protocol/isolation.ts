// Isolated edits: worktrees, diffs, scopes and stale reads.

/** `worktree`: the task works in a git worktree of its own, made from the last commit. */
export type Isolation = "worktree";

/** Asks `prepareWorkspace` for a worktree. The same task finds its worktree again. */
export interface WorktreeRequest {
  readonly taskId: string;
  readonly rootId: string;
  /** What the task may change. Every list has to allow a path. */
  readonly scopes: readonly Scope[];
  /** A larger diff is not taken: its worktree stays. */
  readonly maxDiffBytes: number;
}

/** Paths and globs, as seen from the workspace's folder. */
export type Scope = readonly string[];

/** What `prepareWorkspace` says of a worktree. */
export interface Worktree {
  /** The commit it was made from. */
  readonly base: string;
  /** Paths with changes that are not committed, and so not in the worktree: the first 20. */
  readonly uncommitted: readonly string[];
  /** How many more there are. */
  readonly more: number;
  /** What else is different there, in words. */
  readonly notes: readonly string[];
}

/** The stat of what an isolated task changed. The diff itself is an artifact. */
export interface DiffSummary {
  readonly files: number;
  readonly insertions: number;
  readonly deletions: number;
  /** The commit that the diff begins from. */
  readonly base: string;
  /** Missing when nothing was changed within the scope, or the diff could not be taken. */
  readonly artifact?: string;
  /** Paths it changed outside of its scope: never applied. At most 10, then how many more. */
  readonly outside?: readonly string[];
  /** Why the diff was not taken, and where the changes lie. */
  readonly kept?: string;
}

export interface CollectInput {
  readonly taskId: string;
  readonly rootId: string;
  /** The folder it worked in: files that it read are looked at there. */
  readonly path: string;
}

/** What is found on the host when a task ends. */
export interface Collected {
  readonly diff?: DiffSummary;
  /** Paths that others changed after the task had read them, at most 20, then how many more. */
  readonly stale?: readonly string[];
  /** Why it is not known what is stale. */
  readonly staleUnknown?: string;
}

export interface ReleaseInput {
  readonly taskId: string;
  readonly rootId: string;
  /** Whoever asks knows that the task has ended: what was not taken yet is taken now. */
  readonly ended?: true;
}

export interface ReadDiffInput extends ReleaseInput {
  /** The first byte wanted. */
  readonly offset: number;
}

/** One line of `git diff --stat`. Both counts are null for a binary file. */
export interface DiffStatLine {
  readonly path: string;
  readonly insertions: number | null;
  readonly deletions: number | null;
}

/** A stretch of a diff. */
export interface DiffPart {
  /** Bytes from the offset on, as base64: not every diff is UTF-8. */
  readonly data: string;
  readonly totalBytes: number;
  readonly summary: DiffSummary;
  /** At most 500 files. */
  readonly stat: readonly DiffStatLine[];
}

/** How applying a diff ended. Unless it was applied, nothing has changed. */
export interface Applied {
  readonly outcome: "applied" | "merged" | "already" | "nothing" | "refused";
  /** What happened, or what to do, in words. */
  readonly text: string;
  /** The paths that were changed, or those that were in the way, at most 100. */
  readonly paths: readonly string[];
}

/** What a client asks of a host, through a workflow of its own. */
export type ErrandInput = {
  readonly installation: string;
  readonly host: string;
  /** How long the host may take to pick it up. */
  readonly startMs: number;
} & (
  | { readonly type: "diff"; readonly input: ReadDiffInput }
  | { readonly type: "apply"; readonly input: ReleaseInput }
);

export type ErrandAnswer = DiffPart | Applied;
