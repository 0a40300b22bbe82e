// The scripts this server answers from, tests' rules first.
import { z } from "zod";
import { invalid } from "./api-error.ts";
import type { Conversation } from "./conversation.ts";
import { fill, fillText } from "./placeholders.ts";
import { matches, predicateSchema } from "./predicate.ts";
import { type Reply, replySchema } from "./reply.ts";
import { builtIn } from "./scripts/built-in.ts";

export const scriptSchema = z.strictObject({
  name: z.string().min(1),
  rules: z.array(z.strictObject({ when: predicateSchema, reply: replySchema })),
});

type Rule = z.infer<typeof scriptSchema>["rules"][number];

export class ScriptBook {
  readonly #scripts = new Map<string, readonly Rule[]>();

  put(script: z.infer<typeof scriptSchema>): void {
    this.#scripts.set(script.name, script.rules);
  }

  remove(name: string): boolean {
    return this.#scripts.delete(name);
  }

  /** A miss is a 400, for a 5xx would be retried. */
  reply(conversation: Conversation): Reply {
    const rule = [...this.#scripts.values()].flat().find(({ when }) => matches(when, conversation));
    const reply = rule ? applyRule(rule, conversation) : builtIn(conversation);
    if (reply) return reply;
    throw invalid(
      `scripted model: no script matches this request (agent: ${conversation.agent ?? "unnamed"})`,
    );
  }
}

function applyRule({ when, reply }: Rule, conversation: Conversation): Reply {
  const groups = when.lastUser?.exec(conversation.latest.texts.join("\n")) ?? [];
  const source = { conversation, groups };
  return {
    ...reply,
    ...(reply.text === undefined ? {} : { text: fillText(reply.text, source) }),
    ...(reply.toolCalls === undefined
      ? {}
      : { toolCalls: fill(reply.toolCalls, source) as NonNullable<Reply["toolCalls"]> }),
    ...(reply.content === undefined
      ? {}
      : { content: fill(reply.content, source) as NonNullable<Reply["content"]> }),
  };
}
