// Every tool by name: arguments, effect, time and label.
import { z } from "zod";
import { shape, type Shaped } from "../shape.ts";
import { cutText } from "../text.ts";
import { sharingSpecs } from "./sharing.ts";
import { isolationToolSpecs } from "./isolation.ts";
import { waitingSpecs } from "./waiting.ts";
import { delegationSpecs } from "./delegation.ts";
import { hostSpecs } from "./host.ts";
import { line, spec, type ToolSpec } from "./spec.ts";

const askHumanInput = shape(
  z.strictObject({
    question: z
      .string()
      .trim()
      .min(1)
      .max(2_000)
      .describe("The question, with what the person needs to know to answer it"),
  }),
);

export const toolSpecs = {
  ...hostSpecs,
  ask_human: spec<Shaped<typeof askHumanInput>>({
    effect: "ask",
    timeoutMs: 0,
    description:
      "Ask the person one question that you cannot answer from the task and the files, and wait for the answer. It may take days, so ask only what decides how you go on, and say what you would do otherwise.",
    input: askHumanInput,
    label: (input) => `ask_human ${line(input.question)}`,
  }),
  ...sharingSpecs,
  ...isolationToolSpecs,
  ...delegationSpecs,
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

/** Tools that the workflow itself carries out. */
export type WorkflowTool =
  | keyof typeof delegationSpecs
  | keyof typeof sharingSpecs
  | keyof typeof waitingSpecs;

export function isToolName(name: string): name is ToolName {
  return Object.hasOwn(toolSpecs, name);
}

export type CheckedCall =
  | { readonly ok: true; readonly name: ToolName; readonly input: unknown; readonly label: string }
  | { readonly ok: false; readonly error: string };

export type GoodCall = Extract<CheckedCall, { ok: true }>;

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
  const parsed = tool.input().safeParse(input);
  if (!parsed.success) {
    const why = cutText(z.prettifyError(parsed.error), errorBytes);
    return { ok: false, error: `${name} was not run. ${why}` };
  }
  return { ok: true, name, input: parsed.data, label: tool.label(parsed.data) };
}
