// What a task has found and the tasks beside it should know.
import { z } from "zod";
import { shape } from "./shape.ts";
import { cutJson, toLine } from "./text.ts";

/** What one finding may take as JSON. */
export const findingBytes = 500;

/** A finding, as the agent that started the task keeps it. */
export interface Finding {
  /** Counts from 1 over the life of the agent that keeps it. */
  readonly n: number;
  /** Who found it, as its parent knows it: never in the finder's own words. */
  readonly taskId: string;
  readonly agent: string;
  /** ISO 8601. */
  readonly at: string;
  readonly text: string;
}

/** Findings on their way to a task that has not seen them. */
export interface FindingsNews {
  /** The number up to which the task had been told before. */
  readonly after: number;
  readonly items: readonly Finding[];
  /** Findings since then that are no longer kept. */
  readonly dropped: number;
}

/** What a task has posted, for lists. */
export interface Posted {
  readonly count: number;
  /** The newest one, cut to 200 bytes. */
  readonly newest: string;
}

/** One line, as it is kept and shown. */
export function toFindingText(text: string): string {
  return cutJson(toLine(text, Number.POSITIVE_INFINITY), findingBytes);
}

export const findingTextShape = shape(z.string().transform(toFindingText));

const word = z.string().max(200);
const findingShape = z.object({
  n: z.int(),
  taskId: word,
  agent: word,
  at: z.string().max(40),
  text: findingTextShape(),
});

export const findingsNewsShape = shape<z.ZodType<FindingsNews>>(
  z.object({
    after: z.int(),
    items: z.array(findingShape).max(1_000),
    dropped: z.int(),
  }),
);
