// What an agent asks of a person, until it is decided.
import { ApplicationFailure, condition } from "@temporalio/workflow";
import { failureTypes } from "../protocol/failures.ts";
import {
  decisionBytes,
  type DecideInput,
  type Decided,
  type Decision,
  type OpenRequest,
  type SettledRequest,
} from "../protocol/requests.ts";
import { byteLength, cutText } from "../protocol/text.ts";
import { checkCall, type CheckedCall } from "../protocol/tools.ts";
import type { ToolCall } from "../protocol/turn.ts";
import { type Agent, now, shortId, tell, type Verdict } from "./agent.ts";
import { enter, publish, workingStatus } from "./display.ts";
import { demandsAttention } from "./inbox.ts";
import { giveSlotBack, takeSlot } from "./own-slot.ts";
import { reportWaiting } from "./parent.ts";
import { mustRoll } from "./roll.ts";

type GoodCall = Extract<CheckedCall, { ok: true }>;

const textBytes = 2_000;
/** An edit waits in the agent's state until its call has run. */
const editBytes = 200_000;
const settledKept = 50;

/** Whether a call goes on only after a person's word. */
export function needsPerson({ state }: Agent, call: GoodCall): boolean {
  return call.name === "ask_human" || (state.definition?.approve ?? []).includes(call.name);
}

export function ask(agent: Agent, { id: callId }: ToolCall, call: GoodCall): void {
  const { state, settings } = agent;
  const question = call.name === "ask_human" ? (call.input as { question: string }) : undefined;
  const request: OpenRequest = {
    requestId: shortId("q-"),
    callId,
    kind: question ? "answer" : "approval",
    tool: call.name,
    label: call.label,
    text: cutText(question?.question ?? JSON.stringify(call.input), textBytes),
    askedAt: now(),
    expiresAt: new Date(Date.now() + settings.limits.approvalTimeoutMs).toISOString(),
  };
  state.requests = [...state.requests, request];
  const { requestId, kind, label, text } = request;
  tell(agent, { type: "request", requestId, kind, label, text });
}

/**
 * Waits, without a slot and over rolls, until one of the open requests is decided, has run out, or
 * is withdrawn because somebody speaks.
 */
export async function awaitDecision(agent: Agent): Promise<"decided" | "roll"> {
  const { state } = agent;
  const open = state.requests.length;
  showWaiting(agent);
  await untilRequestIsOver(agent, () => mustRoll(agent));
  if (state.requests.length === open) return mustRoll(agent) ? "roll" : await awaitDecision(agent);
  await takeSlot(agent);
  return "decided";
}

/** Waits until an open request is over, or for something else. Requests whose time is up are closed here. */
export async function untilRequestIsOver(agent: Agent, orElse: () => boolean): Promise<void> {
  const { state } = agent;
  const open = state.requests.length;
  const isOver = (): boolean =>
    state.requests.length < open || demandsAttention(state.inbox) || state.ending || orElse();
  const summary = "time to decide";
  await condition(isOver, Math.max(1, timeLeft(state.requests)), { summary });
  if (demandsAttention(state.inbox) || state.ending) withdrawAll(agent);
  expire(agent);
  publish(agent);
}

const timeLeft = (requests: readonly OpenRequest[]): number =>
  Math.min(...requests.map(({ expiresAt }) => Date.parse(expiresAt))) - Date.now();

function showWaiting(agent: Agent): void {
  const { requests, phase } = agent.state;
  const waitingOn = [...new Set(requests.map(({ kind }) => kind))];
  const [first] = requests;
  const more = requests.length > 1 ? ` (and ${requests.length - 1} more)` : "";
  const what =
    first?.kind === "answer" ? `It asks: ${first.text}` : `It asks to do: ${first?.label}`;
  const why = `${cutText(what, 500)}${more}`;
  if (phase.status === "waiting" && agent.state.why === why) return;
  giveSlotBack(agent);
  enter(agent, { status: "waiting", waitingOn }, why);
  reportWaiting(agent, waitingOn, why);
}

/** Somebody who speaks comes first: what was asked is taken back, and may be asked again. */
export function withdrawAll(agent: Agent): void {
  const text =
    "Not run: somebody spoke first, so the request was withdrawn. Ask again if it is still needed.";
  for (const request of agent.state.requests) {
    close(agent, request, { type: "say", answer: { text, isError: true } }, "withdrawn", "");
  }
}

/** An agent that ends asks nobody any more: nothing that was decided now would be done. */
export function withdrawAtEnd(agent: Agent): void {
  if (agent.state.requests.length === 0) return;
  withdrawAll(agent);
  if (agent.state.phase.status === "waiting") enter(agent, { status: workingStatus(agent) });
  else publish(agent);
}

/** Requests whose time is up. One noticed late is prolonged once, for nobody could decide meanwhile. */
function expire(agent: Agent): void {
  const { limits } = agent.settings;
  for (const request of agent.state.requests) {
    const late = Date.now() - Date.parse(request.expiresAt);
    if (late < 0) continue;
    if (late > limits.lateMs && !request.extended) prolong(agent, request);
    else close(agent, request, toExpired(request), "expired", "");
  }
}

const longestExtension = 3_600_000;

function prolong(agent: Agent, request: OpenRequest): void {
  const length = Date.parse(request.expiresAt) - Date.parse(request.askedAt);
  const extra = Math.min(length, longestExtension);
  const expiresAt = new Date(Date.now() + extra).toISOString();
  agent.state.requests = agent.state.requests.map((one) =>
    one === request ? { ...one, expiresAt, extended: true } : one,
  );
  const text = `The time of ${request.requestId} was up while nothing ran here. It is open until ${expiresAt}.`;
  tell(agent, { type: "trouble", text });
  enter(agent, agent.state.phase, agent.state.why);
}

function toExpired({ kind, label }: OpenRequest): Verdict {
  const text =
    kind === "answer"
      ? "Nobody answered in time. Choose what serves the task best, and say what you chose."
      : `${label} was not run: nobody approved it in time. Go on without it, or say what is not done.`;
  return { type: "say", answer: { text, isError: true } };
}

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

const outcomeWords: Readonly<Record<SettledRequest["outcome"], string>> = {
  approve: "approved",
  deny: "denied",
  answer: "answered",
  expired: "expired",
  withdrawn: "withdrawn",
};

function toWords({ outcome, by, at }: SettledRequest): string {
  return `${outcomeWords[outcome]}${by ? ` by ${by}` : ""} at ${at}`;
}

/** Takes a decision that `refuseDecision` let through. */
export function takeDecision(agent: Agent, { requestId, decision, by }: DecideInput): Decided {
  const { state } = agent;
  const request = state.requests.find((one) => one.requestId === requestId);
  const over = state.settled.find((one) => one.requestId === requestId);
  if (!request) return { ...over!, known: true };
  const settled = close(agent, request, toVerdict(decision, by), decision.type, by);
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

function close(
  agent: Agent,
  request: OpenRequest,
  verdict: Verdict,
  outcome: SettledRequest["outcome"],
  by: string,
): SettledRequest {
  const { state } = agent;
  const settled: SettledRequest = { requestId: request.requestId, outcome, by, at: now() };
  state.requests = state.requests.filter((one) => one !== request);
  state.verdicts = { ...state.verdicts, [request.callId]: verdict };
  state.settled = [...state.settled, settled].slice(-settledKept);
  tell(agent, { type: "decision", decision: settled });
  return settled;
}
