// The workflows, for workers that serve as one version.
import { setWorkflowOptions } from "@temporalio/workflow";
import { subagent } from "./subagent.ts";

export { errand } from "./errand.ts";
export { subagent } from "./subagent.ts";
export { supervisor } from "./supervisor.ts";

// A task ends on the version it began on. Supervisors move to the newest one, as the worker's default says.
// Beside the workflow it would break workers without a version: the server refuses what they then answer.
setWorkflowOptions({ versioningBehavior: "PINNED" }, subagent);
