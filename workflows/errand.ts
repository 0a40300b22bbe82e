// Fetches something from a host for a client.
import { proxyActivities } from "@temporalio/workflow";
import type { HostActivities } from "../protocol/activities.ts";
import { toHostQueue } from "../protocol/ids.ts";
import type { Errand } from "../protocol/workflows.ts";

export const errand: Errand = async (given) => {
  const { readDiff, applyDiff } = proxyActivities<HostActivities>({
    taskQueue: toHostQueue(given.installation, given.host),
    scheduleToStartTimeout: given.startMs,
    startToCloseTimeout: 120_000,
    heartbeatTimeout: 20_000,
    retry: { initialInterval: 500, maximumAttempts: 3 },
  });
  switch (given.type) {
    case "diff":
      return await readDiff(given.input);
    case "apply":
      return await applyDiff(given.input);
  }
};
