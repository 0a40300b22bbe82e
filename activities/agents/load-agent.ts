// An agent, read from its Markdown file.
import { ApplicationFailure } from "@temporalio/activity";
import type { HostActivities, LoadAgentInput } from "../../protocol/activities.ts";
import { type AgentDefinition, type AgentLine, supervisorAgent } from "../../protocol/agent.ts";
import { failureTypes } from "../../protocol/failures.ts";
import { byteLength, cutText, toLine } from "../../protocol/text.ts";
import { toHash } from "../to-hash.ts";
import type { AgentFile } from "./agent-file.ts";
import { type AgentShelf, keepParsedFiles, readShelf } from "./agent-shelf.ts";
import { AgentProblem } from "./front-matter.ts";
import { toDeclarations } from "./tool-declarations.ts";

export interface LoadAgentDeps {
  /** The `agents/` folder of this installation. */
  readonly builtinDir: string;
}

/** Longer descriptions are cut where they stand in another agent's tools. */
const maxLineBytes = 600;

export function createLoadAgent({ builtinDir }: LoadAgentDeps): HostActivities["loadAgent"] {
  const parsed = keepParsedFiles();
  return async (input) => {
    try {
      const shelf = await readShelf(input.workspace.path, builtinDir, parsed);
      return toDefinition(find(shelf, input.name), shelf, input);
    } catch (error) {
      if (!(error instanceof AgentProblem)) throw error;
      throw ApplicationFailure.nonRetryable(error.message, failureTypes.invalidAgent);
    }
  };
}

function find({ agents }: AgentShelf, name: string): AgentFile {
  const found = agents.get(name);
  if (found instanceof AgentProblem) throw found;
  if (found) return found;
  const names = [...agents.keys()].toSorted().join(", ");
  throw new AgentProblem(
    `There is no agent ${toLine(name, 60)}. There are: ${names}. Name one of them, or add .claude/agents/<name>.md to the workspace.`,
  );
}

function toDefinition(
  agent: AgentFile,
  shelf: AgentShelf,
  { mayDelegate }: LoadAgentInput,
): AgentDefinition {
  const { file: _file, tools, ...given } = agent;
  const delegate = agent.delegate && mayDelegate;
  const { roster, warnings } = delegate ? toRoster(shelf, agent) : { roster: [], warnings: [] };
  const declared = toDeclarations(tools, delegate, roster);
  const definition = {
    ...given,
    description: cutText(given.description, maxLineBytes),
    delegate,
    roster,
    tools: declared,
    print: toHash(JSON.stringify([given.system, declared])).slice(0, 40),
    warnings: toFew([...agent.warnings, ...warnings]),
  };
  checkSize(agent, definition);
  return definition;
}

const maxDefinitionBytes = 150_000;

/** It is kept in every run's state and sent with every call. */
function checkSize({ file }: AgentFile, definition: AgentDefinition): void {
  const size = byteLength(JSON.stringify(definition));
  if (size <= maxDefinitionBytes) return;
  const { roster, tools, system } = definition;
  const ofTools = byteLength(JSON.stringify(tools));
  throw new AgentProblem(
    `${file}:1: the agent has ${size} bytes, and ${maxDefinitionBytes} is the most: ${byteLength(system)} of prompt, ${ofTools} of tools that name ${roster.length} agents. Shorten the prompt and the agents' descriptions, or have fewer agent files.`,
  );
}

const maxWarnings = 20;

function toFew(warnings: readonly string[]): readonly string[] {
  const shown = warnings.slice(0, maxWarnings).map((text) => toLine(text, 400));
  const more = warnings.length - shown.length;
  return more > 0 ? [...shown, `There are ${more} more warnings about agent files.`] : shown;
}

function toRoster(
  { agents, warnings }: AgentShelf,
  self: AgentFile,
): { roster: AgentLine[]; warnings: string[] } {
  const roster: AgentLine[] = [];
  const left: string[] = [];
  for (const agent of agents.values()) {
    if (agent instanceof AgentProblem) {
      left.push(`${agent.message} Until then it is left out.`);
    } else if (agent.name !== supervisorAgent && agent.name !== self.name) {
      const description = toLine(agent.description, maxLineBytes);
      const { name, isolation } = agent;
      const commands = agent.tools.includes("run_command");
      roster.push({
        name,
        description,
        ...(isolation && { isolation }),
        ...(commands && { commands }),
      });
    }
  }
  roster.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { roster, warnings: [...warnings, ...left.toSorted()] };
}
