// The bare program, as it is measured.
import { randomUUID } from "node:crypto";
import type { Client } from "@temporalio/client";
import { conversation, end, say } from "../bare/workflows.ts";
import { readCost } from "./read-cost.ts";
import type { Side } from "./side.ts";

export function toBareSide(client: Client, pid: number): Side {
  return {
    pid,
    cost: (id) => readCost(client, id),
    async open() {
      const workflowId = `bare-${randomUUID()}`;
      const handle = await client.workflow.start(conversation, { workflowId, taskQueue: "bare" });
      return {
        id: workflowId,
        say: (text) => handle.executeUpdate(say, { args: [text] }),
        async tasks() {
          const { events } = await handle.fetchHistory();
          return (events ?? []).flatMap(
            ({ childWorkflowExecutionStartedEventAttributes: child }) =>
              child?.workflowExecution?.workflowId ?? [],
          );
        },
        end: () => handle.signal(end),
      };
    },
  };
}
