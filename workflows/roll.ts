// When a run hands over to the next one, and with what.
import { workflowInfo } from "@temporalio/workflow";
import type { Snapshot } from "../protocol/workflows.ts";
import type { Agent } from "./agent.ts";

/** Asked between two steps only, where nothing is in flight. */
export function mustRoll(agent: Agent): boolean {
  const { rollAfterTurns } = agent.settings.limits;
  if (workflowInfo().continueAsNewSuggested) return true;
  return rollAfterTurns > 0 && agent.run.turns >= rollAfterTurns;
}

/** The whole state. `limitTranscript` and the caps of inbox, board and feed keep it small enough. */
export function toSnapshot({ state }: Agent): Snapshot {
  return { ...state };
}
