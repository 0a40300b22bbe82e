// What a workflow's history takes, as the server says.
import type { Client } from "@temporalio/client";
import type { Cost } from "./side.ts";

export async function readCost(client: Client, workflowId: string): Promise<Cost> {
  const { historyLength, historySize = 0 } = await client.workflow.getHandle(workflowId).describe();
  return { events: historyLength, bytes: historySize };
}
