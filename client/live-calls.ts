// Model calls that are being tried again.
import type { LiveCall } from "../protocol/live-call.ts";
import type { Bosun } from "./bosun.ts";
import type { Agents } from "./list-executions.ts";

/** By the id of the agent that makes it. */
export type RetriedCalls = ReadonlyMap<string, LiveCall>;

/** More agents at work than these, each a question to the server, are not looked at. */
const mostRead = 30;

/** Lists do not tell: there an agent is at work until all attempts have failed. Needs no worker. */
export async function readRetriedCalls(
  bosun: Bosun,
  { supervisors, tasks }: Agents,
): Promise<RetriedCalls> {
  const busy = [
    ...supervisors
      .filter(({ status }) => status === "thinking")
      .map(({ id }) => bosun.supervisor(id)),
    ...tasks.filter(({ status }) => status === "running").map(({ taskId }) => bosun.task(taskId)),
  ];
  const looks = busy.slice(0, mostRead).map(async (agent): Promise<[string, LiveCall][]> => {
    // It may have gone since it was listed.
    const { live } = await agent.look().catch(() => ({ live: undefined }));
    return live && live.attempt > 1 ? [[agent.id, live]] : [];
  });
  return new Map((await Promise.all(looks)).flat());
}
