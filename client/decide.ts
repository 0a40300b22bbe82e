// A person's decision, on its way to the agent that asked.
import type { Client } from "@temporalio/client";
import { decideSignal, decideUpdate } from "../protocol/messages.ts";
import type { DecideInput, Decision, SettledRequest } from "../protocol/requests.ts";
import { callServer, callWorker } from "./call.ts";
import { isRequestError } from "./request-error.ts";

export interface DecisionTaken {
  readonly requestId: string;
  /** The same decision had been taken before. */
  readonly known: boolean;
  /** `signalled`: it is stored, no worker runs just now, and it is heeded when one does. */
  readonly stored: "accepted" | "signalled";
  /** Missing while it is only stored. */
  readonly settled?: SettledRequest;
}

/** How long a worker may take to accept a decision before it is left as a signal. */
const acceptMs = 3_000;

/** Throws `RequestError`, code `refused`, when nothing waits for this decision. */
export async function decide(
  client: Client,
  id: string,
  requestId: string,
  decision: Decision,
  by: string,
): Promise<DecisionTaken> {
  const handle = client.workflow.getHandle(id);
  const input: DecideInput = { requestId, decision, by };
  try {
    const update = () => handle.executeUpdate(decideUpdate, { args: [input] });
    const { known, ...settled } = await callWorker(client, id, update, acceptMs);
    return { requestId, known, stored: "accepted", settled };
  } catch (error) {
    if (!isRequestError(error, "noWorker", "unreachable")) throw error;
  }
  await callServer(client, id, () => handle.signal(decideSignal, input));
  return { requestId, known: false, stored: "signalled" };
}
