// A person's decision, on its way to the agent that asked.
import type { Client } from "@temporalio/client";
import { decideSignal, decideUpdate } from "../protocol/messages.ts";
import type { DecideInput, Decision, SettledRequest } from "../protocol/requests.ts";
import { deliver } from "./call.ts";

export interface DecisionTaken {
  readonly requestId: string;
  /** The same decision had been taken before. */
  readonly known: boolean;
  /** `signalled`: no worker took it within 3 s. It is stored, and heeded when one does. */
  readonly stored: "accepted" | "signalled";
  /** Missing while it is only stored. */
  readonly settled?: SettledRequest;
}

/** Throws `RequestError`, code `refused`, when nothing waits for this decision. */
export async function decide(
  client: Client,
  id: string,
  requestId: string,
  decision: Decision,
  by: string,
): Promise<DecisionTaken> {
  const input: DecideInput = { requestId, decision, by };
  const ways = { update: decideUpdate, signal: decideSignal };
  const decided = await deliver(client, id, ways, input);
  if (!decided) return { requestId, known: false, stored: "signalled" };
  const { known, ...settled } = decided;
  return { requestId, known, stored: "accepted", settled };
}
