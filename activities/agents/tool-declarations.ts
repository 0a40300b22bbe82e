// The tools of an agent, as the Messages API takes them.
import { z } from "zod";
import type { AgentLine } from "../../protocol/agent.ts";
import { everyAgentsTools } from "../../protocol/tools/waiting.ts";
import { delegationTools, type ToolName, toolSpecs } from "../../protocol/tools/tools.ts";
import type { ToolDeclaration } from "../../protocol/turn.ts";
import { type AgentToolName, agentTools } from "./agent-tools.ts";

/** Always in the same order, for a model's cache knows tools by their bytes. */
export function toDeclarations(
  tools: readonly AgentToolName[],
  delegate: boolean,
  roster: readonly AgentLine[],
): ToolDeclaration[] {
  // Whoever hands out work may read what came of it.
  const own = agentTools.filter(
    (name) => tools.includes(name) || (delegate && name === "read_diff"),
  );
  return [...own, ...(delegate ? delegationTools : []), ...everyAgentsTools].map((name) =>
    declare(name, roster),
  );
}

/** Made once, for it takes longer than all else of a declaration. */
const inputSchemas = new Map<string, ToolDeclaration["input_schema"]>(
  Object.entries(toolSpecs).map(([name, { input }]) => {
    const { $schema: _dialect, ...schema } = z.toJSONSchema(input(), { io: "input" });
    return [name, { ...schema, type: "object" as const }];
  }),
);

function declare(name: ToolName, roster: readonly AgentLine[]): ToolDeclaration {
  const { description } = toolSpecs[name];
  const lines = roster.map((agent) => `- ${agent.name}: ${agent.description}`);
  const takesAgent = name === "start_async_task" || name === "task";
  return {
    name,
    description: takesAgent ? `${description}\n\nAgents:\n${lines.join("\n")}` : description,
    input_schema: inputSchemas.get(name) ?? { type: "object" },
  };
}
