// Reads what anybody may send.
import { ApplicationFailure } from "@temporalio/workflow";
import { z } from "zod";
import { failureTypes } from "../../protocol/failures.ts";
import { toLine } from "../../protocol/text.ts";
import { type Agent, tell } from "../agent/agent.ts";

/** Anybody may send a signal, and none can be refused. What cannot be read is said and left. */
export function believe<Shape>(
  agent: Agent,
  name: string,
  shape: () => z.ZodType<Shape>,
  given: unknown,
): Shape | undefined {
  const read = shape().safeParse(given);
  if (read.success) return read.data;
  const why = toLine(z.prettifyError(read.error), 300);
  tell(agent, { type: "trouble", text: `A signal ${name} could not be read: ${why}` });
  return undefined;
}

/** An update can be refused: by its validator, before it leaves a trace. */
export function demand(what: string, shape: () => z.ZodType, given: unknown): void {
  const read = shape().safeParse(given);
  if (!read.success) refuse(`${what}: ${z.prettifyError(read.error)}`);
}

export function refuse(text: string): never {
  throw ApplicationFailure.nonRetryable(text, failureTypes.messageRefused);
}
