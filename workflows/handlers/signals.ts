// Reads what anybody may signal.
import { z } from "zod";
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
