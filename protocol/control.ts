// How a person pauses, changes, repeats, breaks off work.
import { defineQuery, defineSignal, defineUpdate } from "@temporalio/workflow";
import { z } from "zod";
import { shape } from "./shape.ts";
import { type Budget, type BudgetChange, budgetChangeShape } from "./budget.ts";
import { idShape } from "./message-shapes.ts";

/** Parks an agent at its next step boundary, and every task below it. */
export const pauseSignal = defineSignal("pause");

/** Goes on, with every task below it: what is paused, and at once what waits for the model or for quota. */
export const resumeSignal = defineSignal<[Resume?]>("resume");
export interface Resume {
  /** `model`: the model answers again, and a pause stays. `pause`: a pause ends, and a wait for the model stays. */
  readonly only?: "model" | "pause";
}

/** Breaks off the turn that a supervisor is in. Without one it does nothing. */
export const interruptSignal = defineSignal("interrupt");

/** What an agent goes on with from its next model call on. The id makes it count once. */
export interface Setting {
  readonly settingId: string;
  /** A model id, or `opus`, `sonnet`, `haiku`. */
  readonly model?: string;
  readonly budget?: BudgetChange;
}
export const setSignal = defineSignal<[Setting]>("set");

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
/** Refused as `RetryRefused`: an open task, an unknown one, no room for one more. */
export const retryUpdate = defineUpdate<Retried, [RetryInput]>("retry");
/** The same when no worker is there to accept the update. */
export const retrySignal = defineSignal<[RetryInput]>("retry");

/** What an ended task hands over to its next attempt. */
export interface Handover {
  /** Its transcript in few words. */
  readonly digest: string;
  /** The model that a person chose. */
  readonly model?: string;
  /** What it might spend itself in the end, where that had a limit. */
  readonly budget?: Budget;
}
export const handoverQuery = defineQuery<Handover>("handover");

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
