// What a host does for isolated tasks.
import { ApplicationFailure, Context } from "@temporalio/activity";
import type { HostActivities } from "../../protocol/activities.ts";
import { failureTypes } from "../../protocol/failures.ts";
import type { ReleaseInput } from "../../protocol/isolation.ts";
import { applyDiff } from "./apply-diff.ts";
import { collectTask, releaseWorktree } from "./collect-task.ts";
import type { WorktreeDeps } from "./make-worktree.ts";
import { readDiff } from "./read-diff.ts";
import { ToolProblem } from "../tool-problem.ts";
import { whileBeating } from "../while-beating.ts";

type Isolation = Pick<HostActivities, "collectTask" | "releaseWorktree" | "readDiff" | "applyDiff">;

export function createIsolation(deps: WorktreeDeps): Isolation {
  return {
    collectTask: (input) => run((signal) => collectTask(deps, input, signal)),
    releaseWorktree: (input) => run((signal) => releaseWorktree(deps, input, signal)),
    readDiff: (input) =>
      run(async (signal) => {
        await takeWhatIsLeft(deps, input, signal);
        return await readDiff(deps, input);
      }),
    applyDiff: (input) => {
      // An attempt before this one may have applied it and not come to say so.
      const again = Context.current().info.attempt > 1;
      return run(async (signal) => {
        await takeWhatIsLeft(deps, input, signal);
        return await applyDiff(deps, input, { again, signal });
      });
    },
  };
}

/** A task that was stopped while its host was away has left its changes in its worktree. */
async function takeWhatIsLeft(
  deps: WorktreeDeps,
  { taskId, ended }: ReleaseInput,
  signal: AbortSignal,
): Promise<void> {
  if (!ended) return;
  const summary = await releaseWorktree(deps, { taskId }, signal);
  if (summary?.kept !== undefined) throw new ToolProblem(summary.kept);
}

async function run<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const { cancellationSignal } = Context.current();
  try {
    return await whileBeating(() => work(cancellationSignal));
  } catch (error) {
    if (!(error instanceof ToolProblem)) throw error;
    throw ApplicationFailure.nonRetryable(error.message, failureTypes.noDiff);
  }
}
