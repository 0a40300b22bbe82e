// What a signal has to look like before it is believed.
import { z } from "zod";
import { shape } from "./shape.ts";
import { budgetEventShape } from "./budget.ts";
import { findingTextShape } from "./findings.ts";
import { idShape } from "./ids.ts";
import type { Begin, PersonMessage, SteeringNote, TaskEvent } from "./messages.ts";
import { waitingReasons } from "./task.ts";
import { cutText } from "./text.ts";
import { troubleShape } from "./trouble.ts";

export const personMessageShape = shape<z.ZodType<PersonMessage>>(
  z.object({
    id: idShape(),
    text: z.string().refine((text) => text.trim() !== "", "is empty"),
    from: z.string().max(200),
  }),
);

export const steeringNoteShape = shape<z.ZodType<SteeringNote>>(
  z.object({
    noteId: idShape(),
    message: z.string().refine((text) => text.trim() !== "", "is empty"),
    when: z.enum(["next_step", "now"]),
    from: z.enum(["supervisor", "person"]),
  }),
);

const receipt = z.object({ noteId: idShape(), turn: z.int(), at: z.string().max(40) });

export const taskEventShape = shape<z.ZodType<TaskEvent>>(
  z.object({
    taskId: idShape(),
    seq: z.int(),
    event: z.discriminatedUnion("type", [
      z.object({
        type: z.literal("waiting"),
        waitingOn: z.array(z.enum(waitingReasons)).max(waitingReasons.length),
        why: z.string().transform((text) => cutText(text, 1_000)),
      }),
      z.object({ type: z.literal("resumed") }),
      z.object({ type: z.literal("recovered") }),
      z.object({
        type: z.literal("receipts"),
        receipts: z.array(receipt).transform((all) => all.slice(-50)),
      }),
      z.object({ type: z.literal("cancelling") }),
      z.object({ type: z.literal("finding"), text: findingTextShape() }),
      z.object({ type: z.literal("trouble"), trouble: troubleShape().nullable() }),
      budgetEventShape(),
    ]),
  }),
);

export const beginShape = shape<z.ZodType<Begin>>(
  z.discriminatedUnion("type", [
    z.object({ type: z.literal("results"), results: z.array(z.record(z.string(), z.unknown())) }),
    z.object({
      type: z.literal("failed"),
      why: z.string().transform((text) => cutText(text, 1_000)),
    }),
  ]),
);

export const reasonShape = shape(z.string());
