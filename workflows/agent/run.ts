// How a run begins and how it closes.
import {
  allHandlersFinished,
  CancelledFailure,
  CancellationScope,
  condition,
} from "@temporalio/workflow";
import type { PreparedWorkspace, Workspace } from "../../protocol/agent.ts";
import { narrow } from "../../protocol/budget.ts";
import { type Agent, modelOf, tell } from "./agent.ts";
import { watchWaits } from "../waits/background-waits.ts";
import { tellIfLess } from "../budget/budget-news.ts";
import { publish } from "./display.ts";
import { handOut } from "../sharing/findings.ts";
import { loadAgent, prepareWorkspace } from "./host.ts";
import { resumeReadings, stopReadings } from "../budget/lease-readings.ts";
import { trim } from "../budget/leases.ts";
import { watchOpen } from "../tasks/task-ends.ts";
import { confirmCancels } from "../tasks/tasks.ts";
import { beginGeneration } from "../transcript/transcript.ts";

/** Reads the agent and its workspace once. What was read stays, whatever becomes of the file. */
export async function prepare(
  agent: Agent,
  workspace: Workspace | PreparedWorkspace,
): Promise<void> {
  const { state } = agent;
  if (state.definition) return;
  const [prepared, definition] = await Promise.all([
    "writable" in workspace ? workspace : prepareWorkspace(agent, workspace),
    loadAgent(agent, workspace),
  ]);
  state.workspace = prepared;
  state.definition = definition;
  for (const text of definition.warnings) tell(agent, { type: "trouble", text });
  setOwnBudget(agent);
  const { number, backend, messages } = state.generation;
  state.generation = beginGeneration(number, backend, modelOf(agent), messages);
}

/** What its file says. What was set by a person already, or for this one task, holds where it is tighter. */
function setOwnBudget(agent: Agent): void {
  const { state } = agent;
  if (!state.spending.kept) return;
  const given = state.definition?.budget ?? {};
  const { pool, own, n } = state.account;
  if (n === undefined) {
    // The defaults of a tree give way to the file, and the file to what its starter said.
    state.account = { ...state.account, pool: { ...pool, ...given, ...own }, own: {} };
  } else {
    state.account = trim({ ...state.account, own: narrow(own, given) });
    tellIfLess(agent, pool);
  }
}

/** Everything on its way out has arrived: what a run leaves unacknowledged vanishes with it. */
export async function flush(agent: Agent): Promise<void> {
  await CancellationScope.nonCancellable(async () => {
    await confirmCancels(agent);
    await condition(() => agent.run.outgoing.size === 0 && allHandlersFinished());
  });
}

/** Goes on where the run before stopped: shows itself, and watches the tasks that one started. */
export function takeOver(agent: Agent): void {
  publish(agent);
  handOut(agent);
  watchWaits(agent);
  resumeReadings(agent);
  void watchOpen(agent, () => agent.run.rolling).catch(() => undefined);
}

/** Closes a run that another one follows. */
export async function handOver(agent: Agent): Promise<void> {
  agent.run.rolling = true;
  stopReadings(agent);
  await closeRun(agent);
}

/** The same before a roll or a good end. Throws when cancelled: no later run would know of it. */
export async function closeRun(agent: Agent): Promise<void> {
  await flush(agent);
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure("Cancelled.");
}
