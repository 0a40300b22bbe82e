// Tool names of agent files, as Bosun's own.
import { everyAgentsTools } from "../../protocol/tools/waiting.ts";
import { delegationTools, toolSpecs } from "../../protocol/tools/tools.ts";
import { isSharingTool, type SharingTool } from "../../protocol/tools/sharing.ts";
import { type HostTool, isHostTool } from "../tools/index.ts";

/** What an agent's file may list. */
export type AgentToolName = HostTool | SharingTool | "ask_human";

function isAgentTool(name: string): name is AgentToolName {
  return isHostTool(name) || isSharingTool(name) || name === "ask_human";
}

export const agentTools = Object.keys(toolSpecs).filter(isAgentTool);
/** What an agent gets whose file names no tools. */
export const readOnlyTools = agentTools.filter(
  (name) => toolSpecs[name].effect === "read" && name !== "read_diff",
);

/** Names that files written for Claude Code use. */
const counterparts: Readonly<Record<string, AgentToolName | "delegate">> = {
  Read: "read_file",
  Grep: "search_files",
  Glob: "list_files",
  LS: "list_files",
  Write: "write_file",
  Edit: "edit_file",
  MultiEdit: "edit_file",
  AskUserQuestion: "ask_human",
  Bash: "run_command",
  Task: "delegate",
  Agent: "delegate",
};
const withoutCounterpart = new Set(
  [
    "BashOutput KillBash KillShell PowerShell WebFetch WebSearch NotebookRead NotebookEdit LSP",
    "TodoRead TodoWrite TaskCreate TaskGet TaskList TaskUpdate TaskOutput TaskStop EnterPlanMode",
    "ExitPlanMode Skill SlashCommand ToolSearch ListMcpResourcesTool",
    "ReadMcpResourceTool",
  ].flatMap((line) => line.split(" ")),
);

export type AgentTool =
  | { readonly is: "tool"; readonly tool: AgentToolName }
  | { readonly is: "delegate" | "missing" | "always" }
  | { readonly is: "unknown"; readonly why: string };

export function toAgentTool(name: string): AgentTool {
  if (isAgentTool(name)) return { is: "tool", tool: name };
  const found = Object.hasOwn(counterparts, name) ? counterparts[name] : undefined;
  if (found === "delegate") return { is: "delegate" };
  if (found) return { is: "tool", tool: found };
  if (everyAgentsTools.some((tool) => tool === name)) return { is: "always" };
  if (withoutCounterpart.has(name) || name.startsWith("mcp__")) return { is: "missing" };
  if (delegationTools.some((tool) => tool === name)) {
    return { is: "unknown", why: `${name} is not listed by itself. Write delegate: true instead.` };
  }
  return {
    is: "unknown",
    why: `there is no tool ${name}. Use ${agentTools.join(", ")}, or delegate: true.`,
  };
}
