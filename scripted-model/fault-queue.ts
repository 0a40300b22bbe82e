// Faults that wait for the requests they are meant for.
import { z } from "zod";
import type { Conversation } from "./conversation.ts";
import { type Fault, faultSchema } from "./faults.ts";
import { matches, predicateSchema } from "./predicate.ts";

export const faultRequestSchema = z.strictObject({
  fault: faultSchema,
  times: z.int().min(1).default(1),
  /** Matching requests to let pass first. */
  skip: z.int().min(0).default(0),
  when: predicateSchema.default({}),
});

interface Queued extends z.infer<typeof faultRequestSchema> {
  times: number;
  skip: number;
}

export class FaultQueue {
  #queue: Queued[] = [];

  add(request: z.infer<typeof faultRequestSchema>): void {
    this.#queue.push({ ...request });
  }

  clear(): void {
    this.#queue = [];
  }

  /** The first queued fault that is due. One request meets one fault at most. */
  take(conversation: Conversation): Fault | undefined {
    for (const queued of this.#queue) {
      if (!matches(queued.when, conversation)) continue;
      if (queued.skip > 0) {
        queued.skip -= 1;
        continue;
      }
      queued.times -= 1;
      if (queued.times === 0) this.#queue = this.#queue.filter((other) => other !== queued);
      return queued.fault;
    }
    return undefined;
  }
}
