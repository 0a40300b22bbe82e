// Ends tasks that nobody waits for any more.
import {
  ActivityCancellationType,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertMemo,
  workflowInfo,
} from "@temporalio/workflow";
import type { FoundOrphans, TaskEnding, WatchActivities } from "../protocol/activities.ts";
import { toQueues } from "../protocol/ids.ts";
import type {
  Janitor,
  JanitorInput,
  JanitorLimits,
  JanitorReport,
  JanitorState,
} from "../protocol/janitor.ts";
import { cancelReasonSignal, janitorLimitsSignal, janitorQuery } from "../protocol/messages.ts";
import type { Grace } from "../protocol/task.ts";
import { memoKeys } from "../protocol/views.ts";
import { awaitStop } from "./tasks/grace.ts";
import { toWatchers } from "./agent/watchers.ts";

/** The janitor of this run. */
interface Keeper {
  readonly installation: string;
  limits: JanitorLimits;
  /** Counts changes of the limits. */
  changes: number;
  looks: number;
  suspects: readonly string[];
  stopping: Readonly<Record<string, Grace>>;
  report: Omit<JanitorReport, "stopping">;
  shown: string;
  /** What comes now is heard by the next run: counted here as well, it would be taken back. */
  isOver: boolean;
}

export const janitor: Janitor = async (input) => {
  const keeper = openKeeper(input);
  setHandler(janitorQuery, () => toReport(keeper));
  setHandler(janitorLimitsSignal, (limits) => {
    if (JSON.stringify(limits) === JSON.stringify(keeper.limits)) return;
    keeper.limits = limits;
    keeper.changes += 1;
  });
  show(keeper);
  for (const taskId of Object.keys(keeper.stopping)) seeThrough(keeper, taskId);
  while (!mustRoll(keeper)) {
    const found = await look(keeper);
    if (found) await take(keeper, found);
    await sleep(keeper.limits.janitorIntervalMs);
  }
  keeper.isOver = true;
  await continueAsNew<Janitor>({
    installation: keeper.installation,
    limits: keeper.limits,
    state: toState(keeper),
  });
};

function openKeeper({ installation, limits, state }: JanitorInput): Keeper {
  const fresh = { since: new Date().toISOString(), ended: 0, forced: 0, lookedAt: null };
  return {
    installation,
    limits,
    changes: 0,
    looks: 0,
    suspects: state?.suspects ?? [],
    stopping: state?.stopping ?? {},
    report: state?.report ?? fresh,
    shown: "",
    isOver: false,
  };
}

function toReport({ report, stopping }: Keeper): JanitorReport {
  return { ...report, stopping: Object.keys(stopping).length };
}

function toState(keeper: Keeper): JanitorState {
  return { report: toReport(keeper), suspects: keeper.suspects, stopping: keeper.stopping };
}

function mustRoll({ limits, looks }: Keeper): boolean {
  if (workflowInfo().continueAsNewSuggested) return true;
  return limits.rollAfterTurns > 0 && looks >= limits.rollAfterTurns;
}

/** Looks until there is something to do. Nothing when the limits have changed meanwhile. */
async function look(keeper: Keeper): Promise<FoundOrphans | undefined> {
  const { installation, limits, suspects, changes } = keeper;
  const { findOrphans } = proxyActivities<WatchActivities>({
    taskQueue: toQueues(installation).watch,
    startToCloseTimeout: 600_000,
    // A worker that stops may take a look with it.
    heartbeatTimeout: 10_000,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: 500, maximumInterval: Math.max(500, limits.janitorIntervalMs) },
  });
  const scope = new CancellationScope();
  const changed = () => condition(() => keeper.changes > changes).then(() => undefined);
  const input = {
    installation,
    graceMs: limits.orphanGraceMs,
    intervalMs: limits.janitorIntervalMs,
    suspects,
    known: Object.keys(keeper.stopping),
  };
  try {
    const asked = () =>
      findOrphans.executeWithOptions({ summary: "look for tasks without an owner" }, [input]);
    return await scope.run(() => Promise.race([asked(), changed()]));
  } finally {
    scope.cancel();
  }
}

/** Asks them to stop, and waits only until they have been asked. */
async function take(keeper: Keeper, found: FoundOrphans): Promise<void> {
  keeper.looks += 1;
  keeper.suspects = found.suspects;
  keeper.report = { ...keeper.report, lookedAt: found.lookedAt };
  await Promise.all(
    found.orphans.map(async (taskId) => {
      const handle = getExternalWorkflowHandle(taskId);
      // One that has ended meanwhile cannot be asked, and is counted as ended.
      await handle.signal(cancelReasonSignal, orphanReason).catch(() => undefined);
      await handle.cancel().catch(() => undefined);
      keep(keeper, taskId, { askedAt: new Date().toISOString() });
      seeThrough(keeper, taskId);
    }),
  );
  show(keeper);
}

const orphanReason = "Nobody waits for it any more: the agent that started it is gone.";

function keep(keeper: Keeper, taskId: string, grace: Grace): void {
  keeper.stopping = { ...keeper.stopping, [taskId]: grace };
}

/** An orphan that was asked to stop, until it has. */
function seeThrough(keeper: Keeper, taskId: string): void {
  const { awaitTasks } = toWatchers(keeper.installation);
  const heard = async (): Promise<TaskEnding | undefined> => {
    const summary = `wait for ${taskId}`;
    const [ending] = await awaitTasks.executeWithOptions({ summary }, [[taskId]]);
    return ending;
  };
  const grace = (): Grace | undefined => keeper.stopping[taskId];
  const forced = awaitStop({
    taskId,
    installation: keeper.installation,
    graceMs: keeper.limits.cancelGraceMs,
    grace,
    keep: (given) => keep(keeper, taskId, given),
  });
  for (const ending of [heard(), forced]) {
    ending.then(
      (known) => known && settle(keeper, known),
      // The next look finds it again.
      () => drop(keeper, taskId),
    );
  }
}

function drop(keeper: Keeper, taskId: string): void {
  const { [taskId]: _, ...rest } = keeper.stopping;
  keeper.stopping = rest;
}

function settle(keeper: Keeper, { taskId, end }: TaskEnding): void {
  if (keeper.isOver || !keeper.stopping[taskId]) return;
  drop(keeper, taskId);
  const { report } = keeper;
  const isForced = end.status === "cancelled" && end.forced === true;
  keeper.report = {
    ...report,
    ended: report.ended + 1,
    forced: report.forced + (isForced ? 1 : 0),
  };
  show(keeper);
}

/** In the memo and the panel, when there is news. A quiet look is none. */
function show(keeper: Keeper): void {
  const { lookedAt: _, ...shown } = toReport(keeper);
  const text = JSON.stringify(shown);
  if (text === keeper.shown) return;
  keeper.shown = text;
  upsertMemo({ [memoKeys.janitor]: shown });
  setCurrentDetails(
    `**janitor** of \`${keeper.installation}\`: ${shown.ended} tasks ended that nobody waited for, ${shown.forced} of them by force, ${shown.stopping} asked to stop.`,
  );
}
