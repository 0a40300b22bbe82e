// One call to Temporal, with a deadline and one catch.
import type { Client } from "@temporalio/client";
import { type LateMeans, toRequestError } from "./request-error.ts";

/** How long the server may take for what it answers alone. */
const serverMs = 10_000;
/** How long a worker may take to answer a query. */
const workerMs = 2_000;

/** Asks the server, no worker needed. Throws `RequestError`. */
export function callServer<T>(client: Client, id: string, call: () => Promise<T>): Promise<T> {
  return withDeadline(client, { id, ms: serverMs, late: "unreachable" }, call);
}

/** Asks a workflow, which takes a worker. Throws `RequestError`, code `noWorker` after `ms`. */
export function callWorker<T>(
  client: Client,
  id: string,
  call: () => Promise<T>,
  ms = workerMs,
): Promise<T> {
  return withDeadline(client, { id, ms, late: "noWorker" }, call);
}

interface Bounds {
  readonly id: string;
  readonly ms: number;
  readonly late: LateMeans;
}

async function withDeadline<T>(client: Client, bounds: Bounds, call: () => Promise<T>): Promise<T> {
  try {
    return await client.connection.withDeadline(Date.now() + bounds.ms, call);
  } catch (error) {
    throw toRequestError(error, bounds.id, bounds.late);
  }
}
