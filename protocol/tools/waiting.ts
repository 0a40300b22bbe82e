// The tools that wait: for tasks, or for word from outside.
import { z } from "zod";
import { shape, type Shaped } from "../shape.ts";
import { eventNameShape } from "../events.ts";
import { minutesShape, ownTaskIds } from "./start-options.ts";
import { toLine } from "../text.ts";
import { decided, line, spec } from "./spec.ts";

export const waitForTasksInput = shape(
  z.strictObject({
    task_ids: ownTaskIds().describe("Ids of your own tasks. Those that have ended count at once"),
    mode: z
      .enum(["any", "all"])
      .optional()
      .describe("Whether the first end is enough, or all have to end. Default: all"),
    timeout_minutes: minutesShape()
      .optional()
      .describe("Minutes after which you go on without them. Default: none"),
  }),
);
export const waitForEventInput = shape(
  z.strictObject({
    name: eventNameShape().describe("The event's name, as whoever sends it was told"),
    timeout_minutes: minutesShape().describe("Minutes after which you go on without it"),
  }),
);

export const waitingSpecs = {
  wait_for_async_tasks: spec<Shaped<typeof waitForTasksInput>>({
    ...decided,
    description:
      "Wait until tasks of yours have ended, and get their results. Only for work that cannot go on without them: otherwise end your turn, and a notice wakes you. A new message or note moves the wait to the background, and each end comes as a notice then.",
    input: waitForTasksInput,
    label: ({ mode, task_ids: ids }) =>
      toLine(`wait_for_async_tasks ${mode ?? "all"} of ${ids.join(", ")}`, 110),
  }),
  wait_for_event: spec<Shaped<typeof waitForEventInput>>({
    ...decided,
    description:
      "Wait until a program or a person outside sends you the event of this name, and get its data. One that came before counts. It may take days and holds nothing up but you. A new message or note moves the wait to the background, and the event comes as a notice then.",
    input: waitForEventInput,
    label: ({ name }) => `wait_for_event ${line(name)}`,
  }),
};

export type WaitingTool = keyof typeof waitingSpecs;

export function isWaitingTool(name: string): name is WaitingTool {
  return Object.hasOwn(waitingSpecs, name);
}

/** Tools that every agent has, whatever its file lists. */
export const everyAgentsTools = ["wait_for_event"] as const satisfies readonly WaitingTool[];
