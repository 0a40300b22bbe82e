// The model calls that listed agents are in.
import type { LiveCall } from "../protocol/live-call.ts";
import type { Bosun } from "./bosun.ts";
import type { Agents } from "./list-executions.ts";

/** By the id of the agent. */
export type LiveCalls = ReadonlyMap<string, LiveCall | undefined>;

/** More agents at work than these, each a question to the server, are not looked at. */
const mostRead = 30;

/** A list of workflows does not tell, nor that a call is tried again. Needs no worker. */
export async function readLiveCalls(
  bosun: Bosun,
  { supervisors, tasks }: Agents,
): Promise<LiveCalls> {
  const busy = [
    ...supervisors
      .filter(({ status }) => status === "thinking")
      .map(({ id }) => bosun.supervisor(id)),
    ...tasks.filter(({ status }) => status === "running").map(({ taskId }) => bosun.task(taskId)),
  ];
  const looks = busy.slice(0, mostRead).map(async (agent) => {
    // It may have gone since it was listed.
    const { live } = await agent.look().catch(() => ({ live: undefined }));
    return [agent.id, live] as const;
  });
  return new Map(await Promise.all(looks));
}
