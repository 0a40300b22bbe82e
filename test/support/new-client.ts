// A client beside those of the world's own workers.
import { Client, type WorkflowClientInterceptor } from "@temporalio/client";
import type { World } from "./world.ts";

/** What it asks goes through the interceptor. */
export function newClient(
  { bosun }: Pick<World, "bosun">,
  interceptor: WorkflowClientInterceptor = {},
): Client {
  const { connection, options } = bosun.client;
  const { namespace } = options;
  return new Client({ connection, namespace, interceptors: { workflow: [interceptor] } });
}
