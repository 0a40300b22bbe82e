// What tasks have spent that could not say it themselves.
import { CancellationScope } from "@temporalio/workflow";
import type { TaskEnding } from "../../protocol/activities.ts";
import type { Agent } from "../agent/agent.ts";
import { goOnWith, tellIfLess } from "./budget-news.ts";
import { markReading, settleLease, writeOff } from "./leases.ts";
import { toWatchers } from "../agent/watchers.ts";

/** An ended task's lease comes back, less what was spent. */
export function closeLease(agent: Agent, { taskId, end, envelope }: TaskEnding): void {
  const { state } = agent;
  if (!state.account.leases[taskId]) return;
  const { pool } = state.account;
  if (envelope.spent) state.account = settleLease(state.account, taskId, envelope.spent);
  else if (end.status === "failed" && end.reason === "lost") {
    state.account = writeOff(state.account, taskId);
  } else {
    state.account = markReading(state.account, taskId);
    read(agent, taskId);
  }
  tellIfLess(agent, pool);
  goOnWith(agent);
}

/** Goes on with what the run before had begun to read. */
export function resumeReadings(agent: Agent): void {
  for (const [taskId, lease] of Object.entries(agent.state.account.leases)) {
    if (lease.reading) read(agent, taskId);
  }
}

/** Before a run closes: the next one begins them anew. */
export function stopReadings({ run }: Agent): void {
  for (const scope of run.readings.values()) scope.cancel();
  run.readings.clear();
}

function read(agent: Agent, taskId: string): void {
  const { state, run } = agent;
  if (run.readings.has(taskId)) return;
  void CancellationScope.nonCancellable(async () => {
    const scope = new CancellationScope();
    run.readings.set(taskId, scope);
    const options = { summary: `what ${taskId} has spent` };
    const spent = await scope.run(() =>
      toWatchers(agent.settings.installation).readSpent.executeWithOptions(options, [taskId]),
    );
    const { pool } = state.account;
    state.account = settleLease(state.account, taskId, spent);
    run.readings.delete(taskId);
    tellIfLess(agent, pool);
    goOnWith(agent);
  }).catch(() => undefined);
}
