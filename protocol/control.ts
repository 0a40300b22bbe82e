// What a person says to resume, change or repeat work.
import { z } from "zod";
import { shape } from "./shape.ts";
import { type Budget, type BudgetChange, budgetChangeShape } from "./budget.ts";
import { idShape } from "./ids.ts";

/** What goes on. Without `only`: all that is paused or waits for the model. */
export interface Resume {
  /** `model`: the model answers again, and a pause stays. `pause`: a pause ends, and a wait for the model stays. */
  readonly only?: "model" | "pause";
}

/** What an agent goes on with from its next model call on. The id makes it count once. */
export interface Setting {
  readonly settingId: string;
  /** A model id, or `opus`, `sonnet`, `haiku`. */
  readonly model?: string;
  readonly budget?: BudgetChange;
}

/** A new attempt at an ended task, asked of the agent that started it. The id makes it count once. */
export interface RetryInput {
  readonly retryId: string;
  /** The id of the first attempt. */
  readonly taskId: string;
  /** What the new attempt should do otherwise. May be empty. */
  readonly message: string;
}
export interface Retried {
  readonly taskId: string;
  /** Counts from 2. */
  readonly attempt: number;
  /** This id had been taken before. */
  readonly known: boolean;
}

/** What an ended task hands over to its next attempt. */
export interface Handover {
  /** Its transcript in few words. */
  readonly digest: string;
  /** The model that a person chose. */
  readonly model?: string;
  /** What it might spend itself in the end, where that had a limit. */
  readonly budget?: Budget;
}

/** The longest message that a new attempt begins with. */
export const retryBytes = 20_000;

const modelPattern = /^[\w.:@/-]{1,200}$/;
/** Whether a model may be called so. */
export const isModelName = (name: string): boolean => modelPattern.test(name);

export const resumeShape = shape<z.ZodType<Resume | undefined>>(
  z.object({ only: z.enum(["model", "pause"]).exactOptional() }).optional(),
);

export const settingShape = shape<z.ZodType<Setting>>(
  z.object({
    settingId: idShape(),
    model: z.string().regex(modelPattern, "is no name of a model").exactOptional(),
    budget: budgetChangeShape().exactOptional(),
  }),
);

export const retryShape = shape<z.ZodType<RetryInput>>(
  z.object({
    retryId: idShape(),
    taskId: idShape(),
    message: z.string(),
  }),
);
