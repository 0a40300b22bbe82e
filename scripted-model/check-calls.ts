// Whether a script's tool calls fit the declared tools.
import { z } from "zod";
import { invalid } from "./api-error.ts";
import type { ToolCall } from "./reply.ts";
import type { Tool } from "./request.ts";

/** A failure here is the script's fault, and told as such. */
export function checkCalls(calls: readonly ToolCall[], tools: readonly Tool[]): void {
  for (const { name, input } of calls) {
    const tool = tools.find((declared) => declared.name === name);
    if (!tool) throw invalid(`scripted model: the script calls "${name}", which is not declared`);
    const fit = toSchema(tool)?.safeParse(input);
    if (fit?.success === false) {
      const issue = fit.error.issues[0];
      const place = [name, ...(issue?.path ?? [])].join(".");
      throw invalid(
        `scripted model: the script's input does not fit the schema: ${place}: ${issue?.message}`,
      );
    }
  }
}

/** Null when the schema uses what zod cannot read: then nothing is checked. */
function toSchema(tool: Tool): z.ZodType | null {
  try {
    return z.fromJSONSchema(tool.input_schema ?? { type: "object" });
  } catch {
    return null;
  }
}
