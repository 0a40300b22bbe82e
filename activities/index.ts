// The activities, made from their dependencies.
import type { HostActivities, ModelActivities } from "../protocol/activities.ts";
import type { CommandEnvironment } from "../protocol/environment.ts";
import { createCallModel, type ModelDependencies } from "./model/call-model.ts";
import { createIsolation } from "./edits/isolation.ts";
import { createLoadAgent } from "./agents/load-agent.ts";
import { createPrepareWorkspace } from "./prepare-workspace.ts";
import { createRunTool } from "./tools/run-tool.ts";

export { sweepWorktrees } from "./edits/sweep-worktrees.ts";
export { stopLeftovers } from "./commands/running-groups.ts";
export { createPullTranscript } from "./model/pull-transcript.ts";
export { createWatchActivities } from "./tasks/watch-tasks.ts";

export interface HostDependencies {
  /** Where artifacts and the effect journal lie. */
  readonly dir: string;
  readonly host: string;
  readonly commands?: CommandEnvironment;
  /** The folder of the agents that come with Bosun. */
  readonly builtinDir: string;
}

export function createModelActivities(deps: ModelDependencies): ModelActivities {
  return { callModel: createCallModel(deps) };
}

export function createHostActivities(deps: HostDependencies): HostActivities {
  return {
    prepareWorkspace: createPrepareWorkspace(deps),
    loadAgent: createLoadAgent(deps),
    runTool: createRunTool(deps),
    ...createIsolation({ dir: deps.dir, env: deps.commands?.env ?? {} }),
  };
}
