// The search attributes of every agent.
import { defineSearchAttributeKey, SearchAttributeType } from "@temporalio/common";

export const searchKeys = {
  name: defineSearchAttributeKey("AgentName", SearchAttributeType.KEYWORD),
  status: defineSearchAttributeKey("AgentStatus", SearchAttributeType.KEYWORD),
  depth: defineSearchAttributeKey("AgentDepth", SearchAttributeType.INT),
} as const;

/** What a workflow is started with. */
export function toSearchAttributes(agent: { name: string; status: string; depth: number }) {
  return [
    { key: searchKeys.name, value: agent.name },
    { key: searchKeys.status, value: agent.status },
    { key: searchKeys.depth, value: agent.depth },
  ];
}
