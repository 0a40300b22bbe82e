// The scripts that answer when no rule of a test does.
import type { Conversation } from "../conversation.ts";
import type { Reply } from "../reply.ts";
import { asksForSummary, summarize } from "../summarize.ts";
import { subagent } from "./subagent.ts";
import { supervisor } from "./supervisor.ts";

const subagents = new Set(["researcher", "reviewer", "writer", "coder"]);

/** Undefined for a request that is no agent's. */
export function builtIn(conversation: Conversation): Reply | undefined {
  const { agent, tools } = conversation;
  if (asksForSummary(conversation.latest.texts.at(-1) ?? ""))
    return { text: summarize(conversation) };
  if (agent !== null && subagents.has(agent)) return subagent(conversation);
  if (agent === "supervisor" || tools.has("start_async_task")) return supervisor(conversation);
  return agent === null ? undefined : subagent(conversation);
}
