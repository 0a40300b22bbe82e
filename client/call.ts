// Calls to Temporal, with a deadline and one catch.
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@temporalio/client";
import type { SignalDefinition, UpdateDefinition } from "@temporalio/common";
import { isRequestError, type LateMeans, toRequestError } from "./request-error.ts";

/** How long the server may take for what it answers alone. */
const serverMs = 10_000;
/** How long a worker may take to answer a query. */
const workerMs = 2_000;
/** How long a worker may take to accept what is handed over before it is left as a signal. */
const acceptMs = 3_000;
const againMs = 100;

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

/** Ways to hand over the same, which has an id of its own: however often it comes, it counts once. */
interface Ways<Input, Answer> {
  readonly update: UpdateDefinition<Answer, [Input]>;
  readonly signal: SignalDefinition<[Input]>;
}

/** Hands something over. Nothing comes back when no worker accepted it in time: then it is stored, as a signal. */
export async function deliver<Input, Answer>(
  client: Client,
  id: string,
  { update, signal }: Ways<Input, Answer>,
  input: Input,
): Promise<Answer | undefined> {
  const handle = client.workflow.getHandle(id);
  // No updateId: a repeated one is answered with the first answer, which says nothing of known.
  const accept = () => handle.executeUpdate(update, { args: [input] });
  for (const until = Date.now() + acceptMs; Date.now() < until; await sleep(againMs)) {
    try {
      return await callWorker(client, id, accept, until - Date.now());
    } catch (error) {
      if (isRequestError(error, "noWorker")) break;
      // A run that closed in that moment took nothing: the next one is asked.
      if (!isRequestError(error, "unreachable")) throw error;
    }
  }
  await callServer(client, id, () => handle.signal(signal, input));
  return undefined;
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
