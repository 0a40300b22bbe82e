// When a run hands over to the next one.
import { workflowInfo } from "@temporalio/workflow";
import type { Agent } from "./agent.ts";

/** Asked between two steps only, where nothing is in flight. */
export function mustRoll(agent: Agent): boolean {
  const { rollAfterTurns } = agent.settings.limits;
  if (workflowInfo().continueAsNewSuggested) return true;
  return rollAfterTurns > 0 && agent.run.turns >= rollAfterTurns;
}
