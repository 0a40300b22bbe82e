// A host whose writes never end, whatever they are told.
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Context } from "@temporalio/activity";
import { NativeConnection, Worker } from "@temporalio/worker";
import { inject } from "vitest";
import { createHostActivities } from "../../activities/index.ts";
import { toHostQueue } from "../../protocol/ids.ts";
import type { World } from "./world.ts";

export interface StuckHost {
  /** Writes that have begun. */
  readonly begun: () => number;
  close(): Promise<void>;
}

/** Serves the tools of a world whose own workers have no role for them. */
export async function openStuckHost(world: World): Promise<StuckHost> {
  const connection = await NativeConnection.connect({ address: inject("address") });
  const host = `host-${world.installation}`;
  const builtinDir = fileURLToPath(new URL("../../agents", import.meta.url));
  let begun = 0;
  const gate = new AbortController();
  const worker = await Worker.create({
    connection,
    taskQueue: toHostQueue(world.installation, host),
    maxHeartbeatThrottleInterval: "1s",
    activities: {
      ...createHostActivities({ dir: `${world.dir}/.bosun`, host, builtinDir }),
      async runTool() {
        const beat = setInterval(() => Context.current().heartbeat(), 200);
        begun += 1;
        await once(gate.signal, "abort");
        clearInterval(beat);
        return { text: "done", isError: false, artifacts: [] };
      },
    },
  });
  const running = worker.run();
  return {
    begun: () => begun,
    async close() {
      gate.abort();
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}
