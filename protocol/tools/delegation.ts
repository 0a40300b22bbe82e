// The tools by which an agent hands out and follows tasks.
import { z } from "zod";
import { shape, type Shaped } from "../shape.ts";
import { budgetInput } from "../budget.ts";
import { startOptions } from "./start-options.ts";
import { isolationOptions } from "./isolation.ts";
import { decided, line, spec } from "./spec.ts";

/** Other frameworks' spellings of an argument become Bosun's before the check. */
function withSynonyms<Schema extends z.ZodType>(
  synonyms: Readonly<Record<string, string>>,
  schema: Schema,
) {
  return z.preprocess((given) => {
    if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
    return Object.fromEntries(
      Object.entries(given).map(([key, value]) => [
        Object.hasOwn(synonyms, key) ? (synonyms[key] ?? key) : key,
        value,
      ]),
    );
  }, schema);
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
  ...isolationOptions(),
  ...startOptions(),
  budget: budgetInput().optional(),
});

export const startTaskInput = shape(withSynonyms(startSynonyms, delegated));

export const checkTaskInput = shape(
  withSynonyms(
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
  ),
);

export const updateTaskInput = shape(
  withSynonyms(
    taskSynonyms,
    z.strictObject({
      task_id: taskId,
      message: z.string().trim().min(1).max(20_000).describe("The new instruction"),
      when: z
        .enum(["next_step", "now"])
        .optional()
        .describe("next_step (default) waits for the running step, now breaks off its model call"),
    }),
  ),
);

export const cancelTaskInput = shape(
  withSynonyms(
    taskSynonyms,
    z.strictObject({
      task_id: taskId,
      reason: z.string().trim().max(1_000).optional().describe("Why, for the record"),
    }),
  ),
);

export const listTasksInput = shape(
  withSynonyms(
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
  ),
);

export const delegationSpecs = {
  start_async_task: spec<Shaped<typeof startTaskInput>>({
    ...decided,
    description:
      "Hand a task to a subagent that works in the background, and get its task_id at once. Go on talking: you are woken by a notice when it ends, so never wait or poll for it. Start independent tasks together in one answer.",
    input: startTaskInput,
    label: (input) => `start_async_task ${line(input.subagent_type)}`,
  }),
  check_async_task: spec<Shaped<typeof checkTaskInput>>({
    ...decided,
    description:
      "Look at one task as it is now: status, turn, receipts, and its result when it has ended. Statuses seen earlier in the conversation may be out of date. Use it when the person asks or before you rely on a result, not to wait.",
    input: checkTaskInput,
    label: (input) => `check_async_task ${line(input.task_id)}`,
  }),
  update_async_task: spec<Shaped<typeof updateTaskInput>>({
    ...decided,
    description:
      "Give a running task a new instruction. The receipt says at which turn the task saw it. An ended task refuses: start a new one.",
    input: updateTaskInput,
    label: (input) => `update_async_task ${line(input.task_id)}`,
  }),
  cancel_async_task: spec<Shaped<typeof cancelTaskInput>>({
    ...decided,
    description:
      "Stop a task and the tasks it started. It counts as cancelled once it has stopped; a notice with what it had done follows.",
    input: cancelTaskInput,
    label: (input) => `cancel_async_task ${line(input.task_id)}`,
  }),
  list_async_tasks: spec<Shaped<typeof listTasksInput>>({
    ...decided,
    description: "List your tasks as they are now.",
    input: listTasksInput,
    label: (input) => `list_async_tasks ${input.status_filter ?? "all"}`,
  }),
  task: spec<Shaped<typeof startTaskInput>>({
    ...decided,
    description:
      "Hand a short task to a subagent and wait for its result. For anything that takes more than a few minutes use start_async_task. A new message moves it to the background.",
    input: startTaskInput,
    label: (input) => `task ${line(input.subagent_type)}`,
  }),
};
