// What a script answers with.
import { z } from "zod";

export const replySchema = z.strictObject({
  text: z.string().optional(),
  /** Pads the text to this many bytes. */
  textBytes: z.int().min(0).max(8_000_000).optional(),
  toolCalls: z
    .array(
      z.strictObject({ name: z.string(), input: z.record(z.string(), z.unknown()).default({}) }),
    )
    .optional(),
  stopReason: z.string().optional(),
  delayMs: z.number().min(0).optional(),
  /** Held back until this word is given to /control/releases. */
  until: z.string().min(1).optional(),
  /** Raw content blocks, instead of text and calls. */
  content: z.array(z.looseObject({ type: z.string() })).optional(),
});

export type Reply = Readonly<z.infer<typeof replySchema>>;
export type ToolCall = NonNullable<Reply["toolCalls"]>[number];
