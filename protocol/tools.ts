// Every tool by name: arguments, effect, time and label.
import { z } from "zod";
import { budgetInput } from "./budget.ts";
import { startOptions } from "./start-options.ts";
import { cutText, toLine } from "./text.ts";
import { sharingSpecs } from "./tool-sharing.ts";
import { isolationOptions, isolationToolSpecs } from "./tool-isolation.ts";
import { waitingSpecs } from "./tool-waiting.ts";

const line = (text: string): string => toLine(text, 90);

/** `read` runs beside others and may be repeated; `write` runs in order, journalled; `delegate` is done by the workflow itself, `ask` by a person. */
export type ToolEffect = "read" | "write" | "delegate" | "ask";

export interface ToolSpec<Input = unknown> {
  readonly description: string;
  readonly input: z.ZodType<Input>;
  readonly effect: ToolEffect;
  /** Whether a person approves each call, where an agent's file does not say. */
  readonly approval?: true;
  /** Milliseconds one attempt may take. */
  readonly timeoutMs: number;
  /** An effect that is broken off when its call is cancelled or its worker stops. Others are finished. */
  readonly stoppable?: true;
  /** What a list of events shows for a call. */
  label(input: Input): string;
}

const spec = <Input>(given: ToolSpec<Input>): ToolSpec<Input> => given;

const path = z.string().min(1).describe("Path inside the workspace, or under artifacts/");

export const listFilesInput = z.strictObject({
  path: path.optional().describe("Folder to list. Default: the whole workspace"),
  pattern: z.string().min(1).optional().describe("Glob, for example **/*.md or !**/*.test.ts"),
});
export const readFileInput = z.strictObject({
  path,
  offset: z.int().min(1).optional().describe("First line, from 1"),
  limit: z.int().min(1).max(2_000).optional().describe("Number of lines. Default: 400"),
});
export const searchFilesInput = z.strictObject({
  pattern: z.string().min(1).max(500).describe("RE2 regular expression, matched line by line"),
  path: path.optional().describe("File or folder to search. Default: the whole workspace"),
  glob: z
    .string()
    .min(1)
    .optional()
    .describe("Only files that match, for example **/*.ts or !**/*.md"),
});
export const writeFileInput = z.strictObject({
  path,
  content: z.string().describe("The whole new content"),
});
export const editFileInput = z.strictObject({
  path,
  old_text: z
    .string()
    .min(1)
    .describe("Exact text to replace. Must occur once, unless replace_all"),
  new_text: z.string(),
  replace_all: z.boolean().optional(),
});

export const askHumanInput = z.strictObject({
  question: z
    .string()
    .trim()
    .min(1)
    .max(2_000)
    .describe("The question, with what the person needs to know to answer it"),
});

/** Longest time a command may take. */
const maxCommandSeconds = 1_800;
export const runCommandInput = z.strictObject({
  command: z.string().trim().min(1).max(20_000).describe("A bash command. Its input is empty"),
  timeout_seconds: z
    .int()
    .min(1)
    .max(maxCommandSeconds)
    .optional()
    .describe("When it is stopped. Default: 120"),
  cwd: path.optional().describe("Folder to run it in. Default: the workspace"),
});

/** Other frameworks' spellings of an argument become Bosun's before the check. */
function withSynonyms<Shape extends z.ZodType>(
  synonyms: Readonly<Record<string, string>>,
  shape: Shape,
) {
  return z.preprocess((given) => {
    if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
    return Object.fromEntries(
      Object.entries(given).map(([key, value]) => [
        Object.hasOwn(synonyms, key) ? (synonyms[key] ?? key) : key,
        value,
      ]),
    );
  }, shape);
}

const taskId = z
  .string()
  .trim()
  .min(1)
  .describe("The task_id exactly as start_async_task returned it");
const taskSynonyms = { taskId: "task_id" };
const startSynonyms = {
  agentName: "subagent_type",
  agent: "subagent_type",
  agent_name: "subagent_type",
  prompt: "description",
};

const delegated = z.strictObject({
  description: z
    .string()
    .trim()
    .min(1)
    .max(20_000)
    .describe("The whole task: goal, scope, what to return. It is all the subagent sees"),
  subagent_type: z.string().trim().min(1).describe("The name of one of the agents listed above"),
  ...isolationOptions,
  ...startOptions,
  budget: budgetInput.optional(),
});
export const startTaskInput = withSynonyms(startSynonyms, delegated);
export const checkTaskInput = withSynonyms(
  taskSynonyms,
  z.strictObject({
    task_id: taskId,
    detail: z
      .enum(["status", "digest", "turns", "full"])
      .optional()
      .describe(
        "How much to show. digest (default) has its last words and what it does now, turns adds a line a turn, full its newest messages",
      ),
  }),
);
export const updateTaskInput = withSynonyms(
  taskSynonyms,
  z.strictObject({
    task_id: taskId,
    message: z.string().trim().min(1).max(20_000).describe("The new instruction"),
    when: z
      .enum(["next_step", "now"])
      .optional()
      .describe("next_step (default) waits for the running step, now breaks off its model call"),
  }),
);
export const cancelTaskInput = withSynonyms(
  taskSynonyms,
  z.strictObject({
    task_id: taskId,
    reason: z.string().trim().max(1_000).optional().describe("Why, for the record"),
  }),
);
export const listTasksInput = withSynonyms(
  { statusFilter: "status_filter" },
  z.strictObject({
    status_filter: z
      .enum([
        "all",
        "open",
        "ended",
        "queued",
        "running",
        "waiting",
        "completed",
        "failed",
        "cancelled",
      ])
      .optional()
      .describe("Default: all"),
    page: z
      .int()
      .min(1)
      .optional()
      .describe("50 tasks a page. Default: 1, the newest; 2 has those before"),
  }),
);

const seconds = 1_000;
const files = { timeoutMs: 120 * seconds };
const decided = { effect: "delegate", timeoutMs: 0 } as const;

export const toolSpecs = {
  list_files: spec<z.infer<typeof listFilesInput>>({
    ...files,
    effect: "read",
    description:
      "List the files of the workspace with their sizes in bytes. Ignored files, .git and .bosun are left out.",
    input: listFilesInput,
    label: (input) => `list_files ${line(input.pattern ?? input.path ?? ".")}`,
  }),
  read_file: spec<z.infer<typeof readFileInput>>({
    ...files,
    effect: "read",
    description:
      "Read a text file, with line numbers. Long files come in pages: use offset and limit. artifacts/… holds what tasks and long tool outputs left behind.",
    input: readFileInput,
    label: (input) => `read_file ${line(input.path)}`,
  }),
  search_files: spec<z.infer<typeof searchFilesInput>>({
    ...files,
    effect: "read",
    description: "Search text files for a regular expression. Returns path:line: text.",
    input: searchFilesInput,
    label: (input) => `search_files ${line(input.pattern)}`,
  }),
  write_file: spec<z.infer<typeof writeFileInput>>({
    ...files,
    effect: "write",
    description:
      "Write a whole text file, creating folders as needed. Put reports and notes under artifacts/, which every task of this conversation can read and which never touches the workspace.",
    input: writeFileInput,
    label: (input) => `write_file ${line(input.path)}`,
  }),
  edit_file: spec<z.infer<typeof editFileInput>>({
    ...files,
    effect: "write",
    description: "Replace exact text in a file. Read the file first.",
    input: editFileInput,
    label: (input) => `edit_file ${line(input.path)}`,
  }),
  ask_human: spec<z.infer<typeof askHumanInput>>({
    effect: "ask",
    timeoutMs: 0,
    description:
      "Ask the person one question that you cannot answer from the task and the files, and wait for the answer. It may take days, so ask only what decides how you go on, and say what you would do otherwise.",
    input: askHumanInput,
    label: (input) => `ask_human ${line(input.question)}`,
  }),
  run_command: spec<z.infer<typeof runCommandInput>>({
    effect: "write",
    // Stopping it and keeping its output take time, too.
    timeoutMs: (maxCommandSeconds + 60) * seconds,
    approval: true,
    stoppable: true,
    description:
      "Run a command in the workspace, for example tests or a build, and get its exit code with what it printed. Everything it started is stopped when it ends. There may be no network. Use the other tools to read, search and edit files.",
    input: runCommandInput,
    label: (input) => `run_command ${line(input.command)}`,
  }),
  ...sharingSpecs,
  ...isolationToolSpecs,
  start_async_task: spec<z.infer<typeof startTaskInput>>({
    ...decided,
    description:
      "Hand a task to a subagent that works in the background, and get its task_id at once. Go on talking: you are woken by a notice when it ends, so never wait or poll for it. Start independent tasks together in one answer.",
    input: startTaskInput,
    label: (input) => `start_async_task ${line(input.subagent_type)}`,
  }),
  check_async_task: spec<z.infer<typeof checkTaskInput>>({
    ...decided,
    description:
      "Look at one task as it is now: status, turn, receipts, and its result when it has ended. Statuses seen earlier in the conversation may be out of date. Use it when the person asks or before you rely on a result, not to wait.",
    input: checkTaskInput,
    label: (input) => `check_async_task ${line(input.task_id)}`,
  }),
  update_async_task: spec<z.infer<typeof updateTaskInput>>({
    ...decided,
    description:
      "Give a running task a new instruction. The receipt says at which turn the task saw it. An ended task refuses: start a new one.",
    input: updateTaskInput,
    label: (input) => `update_async_task ${line(input.task_id)}`,
  }),
  cancel_async_task: spec<z.infer<typeof cancelTaskInput>>({
    ...decided,
    description:
      "Stop a task and the tasks it started. It counts as cancelled once it has stopped; a notice with what it had done follows.",
    input: cancelTaskInput,
    label: (input) => `cancel_async_task ${line(input.task_id)}`,
  }),
  list_async_tasks: spec<z.infer<typeof listTasksInput>>({
    ...decided,
    description: "List your tasks as they are now.",
    input: listTasksInput,
    label: (input) => `list_async_tasks ${input.status_filter ?? "all"}`,
  }),
  task: spec<z.infer<typeof startTaskInput>>({
    ...decided,
    description:
      "Hand a short task to a subagent and wait for its result. For anything that takes more than a few minutes use start_async_task. A new message moves it to the background.",
    input: startTaskInput,
    label: (input) => `task ${line(input.subagent_type)}`,
  }),
  ...waitingSpecs,
};

export type ToolName = keyof typeof toolSpecs;

export const delegationTools = [
  "start_async_task",
  "check_async_task",
  "update_async_task",
  "cancel_async_task",
  "list_async_tasks",
  "task",
  "wait_for_async_tasks",
] as const satisfies readonly ToolName[];
export type DelegationTool = (typeof delegationTools)[number];

export function isToolName(name: string): name is ToolName {
  return Object.hasOwn(toolSpecs, name);
}

export type CheckedCall =
  | { readonly ok: true; readonly name: ToolName; readonly input: unknown; readonly label: string }
  | { readonly ok: false; readonly error: string };

/** What a refusal may quote of what was given. */
const errorBytes = 2_000;

/** A tool call with its arguments checked, or the words that tell the model what to mend. */
export function checkCall(name: string, input: unknown, declared: readonly string[]): CheckedCall {
  if (!isToolName(name) || !declared.includes(name)) {
    return {
      ok: false,
      error: `There is no tool ${line(name)}. Your tools: ${declared.join(", ")}.`,
    };
  }
  const tool: ToolSpec = toolSpecs[name];
  const parsed = tool.input.safeParse(input);
  if (!parsed.success) {
    const why = cutText(z.prettifyError(parsed.error), errorBytes);
    return { ok: false, error: `${name} was not run. ${why}` };
  }
  return { ok: true, name, input: parsed.data, label: tool.label(parsed.data) };
}
