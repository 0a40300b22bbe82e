// Which requests a rule or a fault is meant for.
import { z } from "zod";
import { type Conversation, userTexts } from "./conversation.ts";

/** A pattern over several lines: `^` and `$` are line ends, `.` takes newlines too. */
const pattern = z.string().transform((source, context) => {
  try {
    return new RegExp(source, "ms");
  } catch {
    context.addIssue(`not a regular expression: ${source}`);
    return z.NEVER;
  }
});

export const predicateSchema = z.strictObject({
  model: pattern.optional(),
  system: pattern.optional(),
  /** The user text that arrived after the last assistant turn, empty when only results did. */
  lastUser: pattern.optional(),
  /** Any one user text of the whole conversation. */
  anyUser: pattern.optional(),
  unlessAnyUser: pattern.optional(),
  /** Any one tool result that arrived after the last assistant turn. */
  lastToolResult: pattern.optional(),
  /** A tool whose result arrived after the last assistant turn. */
  afterTool: z.string().optional(),
  /** A declared tool. */
  tool: z.string().optional(),
  unlessTool: z.string().optional(),
  mayCallTools: z.boolean().optional(),
  assistantTurns: z.int().optional(),
  minAssistantTurns: z.int().optional(),
  maxAssistantTurns: z.int().optional(),
  turnsSinceUser: z.int().optional(),
});

export type Predicate = z.infer<typeof predicateSchema>;

export function matches(when: Predicate, conversation: Conversation): boolean {
  const { latest, tools, assistantTurns } = conversation;
  const texts = userTexts(conversation);
  const conditions = [
    when.model?.test(conversation.model),
    when.system?.test(conversation.system),
    when.lastUser?.test(latest.texts.join("\n")),
    when.anyUser && texts.some((text) => when.anyUser?.test(text)),
    when.unlessAnyUser && !texts.some((text) => when.unlessAnyUser?.test(text)),
    when.lastToolResult &&
      latest.runs.some(({ result }) => when.lastToolResult?.test(result?.text ?? "")),
    given(when.afterTool, (name) => latest.runs.some((run) => run.name === name)),
    given(when.tool, (name) => tools.has(name)),
    given(when.unlessTool, (name) => !tools.has(name)),
    given(when.mayCallTools, (wanted) => conversation.mayCallTools === wanted),
    given(when.assistantTurns, (turns) => assistantTurns === turns),
    given(when.minAssistantTurns, (turns) => assistantTurns >= turns),
    given(when.maxAssistantTurns, (turns) => assistantTurns <= turns),
    given(when.turnsSinceUser, (turns) => conversation.turnsSinceUser === turns),
  ];
  return conditions.every((condition) => condition ?? true);
}

function given<T>(value: T | undefined, holds: (value: T) => boolean): boolean | undefined {
  return value === undefined ? undefined : holds(value);
}
