// What a signal has to look like before it is believed.
import { z } from "zod";
import type { PersonMessage, SteeringNote, TaskEvent } from "./messages.ts";
import { waitingReasons } from "./task.ts";

const id = z.string().min(1).max(100);

export const personMessageShape: z.ZodType<PersonMessage> = z.object({
  id,
  text: z.string().refine((text) => text.trim() !== "", "is empty"),
  from: z.string().max(200),
});

export const steeringNoteShape: z.ZodType<SteeringNote> = z.object({
  noteId: id,
  message: z.string().refine((text) => text.trim() !== "", "is empty"),
  when: z.enum(["next_step", "now"]),
  from: z.enum(["supervisor", "person"]),
});

const receipt = z.object({ noteId: id, turn: z.int(), at: z.string() });

export const taskEventShape: z.ZodType<TaskEvent> = z.object({
  taskId: id,
  seq: z.int(),
  event: z.discriminatedUnion("type", [
    z.object({
      type: z.literal("waiting"),
      waitingOn: z.array(z.enum(waitingReasons)),
      why: z.string(),
    }),
    z.object({ type: z.literal("resumed") }),
    z.object({ type: z.literal("cancelling") }),
    z.object({ type: z.literal("receipts"), receipts: z.array(receipt) }),
  ]),
});

export const reasonShape = z.string();
