// The tools by which tasks work beside each other.
import type { claimInput, postFindingInput, SharingTool } from "../../protocol/tools/sharing.ts";
import type { ToolAnswer } from "../../protocol/turn.ts";
import type { Shaped } from "../../protocol/shape.ts";
import type { Agent } from "../agent/agent.ts";
import { claim } from "./claims.ts";
import { postFinding } from "./findings.ts";

/** One call of such a tool, its input already checked. */
export async function share(agent: Agent, tool: SharingTool, input: unknown): Promise<ToolAnswer> {
  switch (tool) {
    case "post_finding":
      return postFinding(agent, input as Shaped<typeof postFindingInput>);
    case "claim":
      return await claim(agent, input as Shaped<typeof claimInput>);
  }
}
