// What a person decides of what an agent asks.
import { ApplicationFailure } from "@temporalio/workflow";
import { failureTypes } from "../../protocol/failures.ts";
import {
  decisionBytes,
  type DecideInput,
  type Decided,
  type Decision,
  type OpenRequest,
  outcomeWords,
  type SettledRequest,
} from "../../protocol/requests.ts";
import { byteLength, cutText } from "../../protocol/text.ts";
import { checkCall } from "../../protocol/tools/tools.ts";
import { type Agent, tell } from "../agent/agent.ts";
import type { Verdict } from "../agent/agent-state.ts";
import { publish } from "../agent/display.ts";
import { closeRequest } from "./requests.ts";

/** An edit waits in the agent's state until its call has run. */
const editBytes = 200_000;

/** Refuses a decision that cannot be carried out. A repeat of one that was is no mistake. */
export function refuseDecision(agent: Agent, { requestId, decision }: DecideInput): void {
  const { state } = agent;
  const request = state.requests.find((one) => one.requestId === requestId);
  if (request) return refuseUnfit(agent, request, decision);
  const over = state.settled.find((one) => one.requestId === requestId);
  if (over?.outcome === decision.type) return;
  if (over) refuse(`${requestId} is over: ${toWords(over)}.`);
  const open = state.requests.map((one) => one.requestId).join(", ");
  refuse(`Nothing waits under ${requestId}. ${open ? `Open: ${open}.` : "Nothing is open here."}`);
}

function refuseUnfit(agent: Agent, request: OpenRequest, decision: Decision): void {
  const { requestId, kind, tool } = request;
  if (kind === "answer" && decision.type === "approve") {
    refuse(`${requestId} is a question. Answer it with words, or deny it with a reason.`);
  }
  if (kind === "approval" && decision.type === "answer") {
    refuse(`${requestId} asks for an approval. Approve or deny it.`);
  }
  if (decision.type !== "approve" || !decision.input) return;
  const checked = checkCall(tool, decision.input, [tool]);
  if (byteLength(JSON.stringify(decision.input)) > editBytes) {
    refuse(
      `The edited arguments are above ${editBytes} bytes. Let the call write less, or in parts.`,
    );
  }
  if (!checked.ok) refuse(`The edited arguments cannot be used. ${checked.error}`);
}

function refuse(text: string): never {
  throw ApplicationFailure.nonRetryable(text, failureTypes.decisionRefused);
}

function toWords({ outcome, by, at }: SettledRequest): string {
  return `${outcomeWords[outcome]}${by ? ` by ${by}` : ""} at ${at}`;
}

/** Takes a decision that `refuseDecision` let through. */
export function takeDecision(agent: Agent, { requestId, decision, by }: DecideInput): Decided {
  const { state } = agent;
  const request = state.requests.find((one) => one.requestId === requestId);
  const over = state.settled.find((one) => one.requestId === requestId);
  if (!request) return { ...over!, known: true };
  const settled = closeRequest(agent, request, toVerdict(decision, by), decision.type, by);
  // What still runs beside it may take its time.
  publish(agent);
  return { ...settled, known: false };
}

/** One that was left as a signal cannot be refused any more, so what is wrong with it is told. */
export function takeLateDecision(agent: Agent, given: DecideInput): void {
  try {
    refuseDecision(agent, given);
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    return tell(agent, { type: "trouble", text: `A decision came too late. ${error.message}` });
  }
  takeDecision(agent, given);
}

function toVerdict(decision: Decision, by: string): Verdict {
  switch (decision.type) {
    case "approve":
      return { type: "run", ...(decision.input && { input: decision.input, by }) };
    case "answer":
      return {
        type: "say",
        answer: {
          text: `${by || "A person"} answers: ${cutText(decision.text, decisionBytes.answer)}`,
          isError: false,
        },
      };
    case "deny": {
      const reason = cutText(decision.reason, decisionBytes.reason) || "no reason was given";
      const text = `Not run: ${by || "a person"} denied it (${reason}). Do not try to reach the same in another way.`;
      return { type: "say", answer: { text, isError: true } };
    }
  }
}
