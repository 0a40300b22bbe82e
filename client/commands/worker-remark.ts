// A remark on work that stands still for want of a worker.
import { parseEnvironment, type Role } from "../../protocol/environment.ts";
import type { Here } from "../connect-here.ts";
import { findSilent, toServedQueues } from "../installation/silent-queues.ts";
import { isExternal } from "../installation/temporal-connection.ts";
import type { Context } from "./context.ts";

/** Without these nothing moves. A missing tools worker shows in its tasks: they wait on `host`. */
const needed: readonly Role[] = ["workflows", "models"];

/** One line with the remedy, when workers are missing. */
export async function toWorkerRemark(
  { bosun, installation, namespace }: Here,
  { env }: Context,
): Promise<string | undefined> {
  const { connection } = bosun.client;
  const queues = toServedQueues(installation).filter(({ role }) => needed.includes(role));
  // A server that does not tell is not one without workers.
  const silent = await findSilent(connection, namespace, queues, !isExternal(env)).catch(() => []);
  const missing = needed.filter((role) => silent.some((queue) => queue.role === role));
  if (missing.length === 0) return undefined;
  const who =
    missing.length === needed.length ? "No worker runs" : `No worker is for ${missing[0]}`;
  const brings = parseEnvironment(env).roles.length > 0;
  const remedy = brings ? "Start one: bosun up --detach" : "Start one where the workers run";
  return `(${who}, so nothing moves here. ${remedy})`;
}

/** The same as a note. */
export async function noteMissingWorkers(here: Here, context: Context): Promise<void> {
  const remark = await toWorkerRemark(here, context);
  if (remark) context.note(remark);
}
