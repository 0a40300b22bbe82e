// Who owns a piece of work, kept by the root of a tree.
import { z } from "zod";
import { shape } from "./shape.ts";
import { byteLength } from "./text.ts";

/** The name of a piece of work. */
export const claimKeyShape = shape(
  z
    .string()
    .trim()
    .min(1)
    .max(100)
    .refine((key) => byteLength(JSON.stringify(key)) <= 202, "takes more than 200 bytes"),
);

export interface Claim {
  readonly key: string;
  /** The task that owns it until it ends. */
  readonly taskId: string;
  /** ISO 8601. */
  readonly at: string;
}

/** What a task owns, for lists. */
export interface Owned {
  /** At most 50. */
  readonly count: number;
  /** The newest 5 keys. */
  readonly newest: readonly string[];
}

/** Asked of the root, by an activity of the task that claims. */
export interface ClaimInput {
  readonly key: string;
  readonly taskId: string;
  /** Owners that Temporal knows to have ended: what they owned is free. */
  readonly ended: readonly string[];
}

export const claimShape = shape<z.ZodType<ClaimInput>>(
  z.object({
    key: claimKeyShape(),
    taskId: z.string().min(1).max(200),
    ended: z.array(z.string().max(200)),
  }),
);

/** What the root answers. */
export type ClaimAnswer =
  /** `known`: it had been claimed by the same task before. */
  | { readonly status: "yours"; readonly at: string; readonly known: boolean }
  | { readonly status: "taken"; readonly at: string; readonly taskId: string }
  /** No more keys are kept. `owners` have all of them. */
  | { readonly status: "full"; readonly most: number; readonly owners: readonly string[] };

/** What the task hears: every owner named here was running when it was looked at. */
export type ClaimResult =
  | Extract<ClaimAnswer, { status: "yours" }>
  | {
      readonly status: "taken";
      readonly at: string;
      readonly taskId: string;
      readonly agent: string;
      readonly description: string;
    }
  | { readonly status: "full"; readonly most: number }
  /** The root cannot keep claims, in words. */
  | { readonly status: "unavailable"; readonly why: string };
