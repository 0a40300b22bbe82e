// An agent that does not get on, and who was told.
import { z } from "zod";
import { shape } from "./shape.ts";
import { toLine } from "./text.ts";

/**
 * `repeats`: the same call again and again. `failures`: one failed call after the other. `idle`: turns
 * that call only what had been called before.
 */
const kinds = ["repeats", "failures", "idle"] as const;

/** Who has been told so far: the agent itself, then who started it too, then a person too. */
export const troubleStages = ["agent", "parent", "person"] as const;
type TroubleStage = (typeof troubleStages)[number];

export interface Trouble {
  readonly kind: (typeof kinds)[number];
  /** What repeats, in one line of at most 400 bytes. */
  readonly text: string;
  readonly stage: TroubleStage;
  /** When it began to be trouble. ISO 8601. */
  readonly since: string;
}

const textBytes = 400;

export const toTroubleText = (text: string): string => toLine(text, textBytes);

export const troubleShape = shape<z.ZodType<Trouble>>(
  z.object({
    kind: z.enum(kinds),
    text: z.string().transform(toTroubleText),
    stage: z.enum(troubleStages),
    since: z.string().max(40),
  }),
);
