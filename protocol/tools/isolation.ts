// Tools and start options of isolated edits.
import { z } from "zod";
import { shape, type Shaped } from "../shape.ts";
import { line, spec } from "./spec.ts";

const maxScope = 20;

const scopeEntry = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine((entry) => !/^[!/]|(^|\/)\.\.(\/|$)/.test(entry), "give paths below the workspace");

/** Options of every tool that starts a task. */
export const isolationOptions = () => ({
  isolation: z
    .enum(["worktree"])
    .optional()
    .describe(
      "worktree: it works in a git worktree of its own, made from the last commit, and hands over a diff",
    ),
  scope: z
    .array(scopeEntry)
    .min(1)
    .max(maxScope)
    .optional()
    .describe("The only paths or globs it may change, for example src or docs/**/*.md"),
});

const taskId = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .describe("The task_id exactly as start_async_task returned it");

const attempt = z
  .int()
  .min(1)
  .max(9_999)
  .optional()
  .describe("An attempt before the newest one, for a task that was tried again");

export const readDiffInput = shape(
  z.strictObject({
    task_id: taskId,
    attempt,
    page: z.int().min(1).optional().describe("Default: 1. The answer says how many there are"),
  }),
);
export const applyDiffInput = shape(z.strictObject({ task_id: taskId, attempt }));

const timeoutMs = 120_000;
const name = (input: Shaped<typeof applyDiffInput>): string => {
  const which = input.attempt === undefined ? "" : ` (attempt ${input.attempt})`;
  return `${line(input.task_id)}${which}`;
};

export const isolationToolSpecs = {
  read_diff: spec<Shaped<typeof readDiffInput>>({
    effect: "read",
    timeoutMs,
    description:
      "Read what an ended task with isolation: worktree has changed, as a unified diff in pages. None of it is in the workspace before it is applied.",
    input: readDiffInput,
    label: (input) => `read_diff ${name(input)}`,
  }),
  apply_diff: spec<Shaped<typeof applyDiffInput>>({
    effect: "write",
    timeoutMs,
    approval: true,
    description:
      "Apply the diff of an ended task to the workspace: all of it, or nothing and the reason. A person approves it first, so read the diff and say what it does before you call this.",
    input: applyDiffInput,
    label: (input) => `apply_diff ${name(input)}`,
  }),
};
