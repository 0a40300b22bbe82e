// Activities that watch other workflows, or look at them once.
import { ActivityCancellationType, proxyActivities } from "@temporalio/workflow";
import type { WatchActivities } from "../../protocol/activities.ts";
import { toQueues } from "../../protocol/ids.ts";

/** They take as long as it takes, and are tried again until they come off. */
export function toWatchers(installation: string) {
  return proxyActivities<WatchActivities>({
    taskQueue: toQueues(installation).watch,
    startToCloseTimeout: 3_600_000,
    heartbeatTimeout: 10_000,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: 500, maximumInterval: 10_000 },
  });
}

/** They answer at once, and are tried again until they do. */
export function toReaders(installation: string) {
  return proxyActivities<WatchActivities>({
    taskQueue: toQueues(installation).watch,
    startToCloseTimeout: 60_000,
    retry: { initialInterval: 500, maximumInterval: 10_000 },
  });
}
