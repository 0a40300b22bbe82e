// What a task may be started with, besides its description.
import { z } from "zod";
import { shape } from "../shape.ts";
import { byteLength } from "../text.ts";

/** Longest `on_complete`. It is kept with the task until its end is told. */
const onCompleteBytes = 1_000;
/** Tasks that one task may wait for. Their results enter its first message together. */
const mostDependencies = 20;
/** The longest that anything may wait: 30 days. */
const mostMinutes = 43_200;

export const minutesShape = shape(z.number().positive().max(mostMinutes));

const ownTaskId = z.string().trim().min(1);
export const ownTaskIds = shape(z.array(ownTaskId).min(1).max(mostDependencies));

/** Options of `start_async_task` and `task`. */
export const startOptions = () => ({
  on_complete: z
    .string()
    .trim()
    .min(1)
    .refine((text) => byteLength(text) <= onCompleteBytes, `has more than ${onCompleteBytes} bytes`)
    .optional()
    .describe(
      `A note to yourself: what you will do with the result. You get it back with the result. At most ${onCompleteBytes} bytes`,
    ),
  deadline_minutes: minutesShape()
    .optional()
    .describe(
      "Minutes from now, waiting included, after which the task has to hand over what it has. It then ends as failed: timeout. Default: none",
    ),
  depends_on: ownTaskIds()
    .optional()
    .describe(
      "Ids of your own tasks. This one begins by itself when all of them have completed, and gets their results. When one fails or is cancelled, it fails too",
    ),
  depends_on_failed: z
    .enum(["fail", "run"])
    .optional()
    .describe(
      "fail (default), or run: begin when all of depends_on have ended, however they did, and get what they left",
    ),
});

/** The same, as they are recorded. */
export interface TaskOptions {
  readonly onComplete?: string;
  /** ISO 8601. */
  readonly deadlineAt?: string;
  readonly dependsOn?: readonly string[];
}
