// Who does not get on, so that a person should look.
import type { Trouble } from "../protocol/trouble.ts";
import { type Execution, readMemos } from "../protocol/task-view.ts";

/** A task or supervisor in trouble that telling it and its parent did not end. Nothing waits for a person here. */
export interface TroubledAgent extends Trouble {
  readonly id: string;
  readonly agent: string;
  /** What a task is about, empty for a supervisor. */
  readonly description: string;
  /** The supervisor at the top of its tree. */
  readonly supervisorId: string;
}

/** Those whose trouble has reached the person, the oldest first, from the memos of workflows that run. */
export function toTroubledAgents(executions: readonly Execution[]): readonly TroubledAgent[] {
  return executions
    .flatMap((execution): readonly TroubledAgent[] => {
      const { agent, state } = readMemos(execution);
      if (!agent || state?.trouble?.stage !== "person") return [];
      const isTask = agent.parentId !== null;
      return [
        {
          ...state.trouble,
          id: agent.taskId ?? execution.workflowId,
          agent: agent.agent,
          description: isTask ? agent.description : "",
          supervisorId: agent.rootId,
        },
      ];
    })
    .toSorted((a, b) => a.since.localeCompare(b.since));
}
