// The queues of an installation that nobody polls.
import type { ConnectionLike } from "@temporalio/client";
import type { Role } from "../../protocol/environment.ts";
import { toHostQueue, toQueues } from "../../protocol/ids.ts";
import type { Installation } from "./installation.ts";
import { markOf } from "./processes.ts";

interface ServedQueue {
  readonly role: Role;
  readonly name: string;
  readonly type: number;
}

const taskTypes = { workflow: 1, activity: 2 } as const;
/** A poll lasts a minute at most, and the server remembers pollers for five. */
const pollerMs = 120_000;

/** Every queue that the work of this installation, with files of this host, goes through. */
export function toServedQueues({ id, host }: Installation): readonly ServedQueue[] {
  const queues = toQueues(id);
  const { workflow, activity } = taskTypes;
  return [
    { role: "workflows", name: queues.workflows, type: workflow },
    { role: "workflows", name: queues.watch, type: activity },
    { role: "models", name: queues.now, type: activity },
    { role: "models", name: queues.models, type: activity },
    { role: "models", name: queues.probes, type: activity },
    { role: "tools", name: toHostQueue(id, host), type: activity },
  ];
}

/** Those that nobody polls. `nearby`: its workers are processes of this machine, so a dead one is known at once. */
export async function findSilent(
  { workflowService }: Pick<ConnectionLike, "workflowService">,
  namespace: string,
  queues: readonly ServedQueue[],
  nearby: boolean,
): Promise<readonly ServedQueue[]> {
  const polled = await Promise.all(
    queues.map(async ({ name, type }) => {
      const asked = { namespace, taskQueue: { name }, taskQueueType: type };
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- its enum is in a package of Temporal's own
      const { pollers } = await workflowService.describeTaskQueue(asked);
      const since = (Date.now() - pollerMs) / 1_000;
      return (pollers ?? []).some(
        ({ lastAccessTime, identity }) =>
          Number(lastAccessTime?.seconds) > since && !(nearby && isDead(identity ?? "")),
      );
    }),
  );
  return queues.filter((_, index) => !polled[index]);
}

/** A worker's identity is `<pid>@<machine>`. */
function isDead(identity: string): boolean {
  const [, pid] = /^(\d+)@/.exec(identity) ?? [];
  return pid !== undefined && markOf(Number(pid)) === undefined;
}
