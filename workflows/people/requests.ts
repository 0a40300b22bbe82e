// What an agent asks of a person, until it is over.
import { condition } from "@temporalio/workflow";
import { longestExtension } from "../../protocol/deadline.ts";
import type { OpenRequest, SettledRequest } from "../../protocol/requests.ts";
import type { WaitingReason } from "../../protocol/task.ts";
import { cutText } from "../../protocol/text.ts";
import type { GoodCall } from "../../protocol/tools/tools.ts";
import type { ToolCall } from "../../protocol/turn.ts";
import { type Agent, isStopping, now, shortId, tell } from "../agent/agent.ts";
import type { Verdict } from "../agent/agent-state.ts";
import { enter, publish, workingStatus } from "../agent/display.ts";
import { demandsAttention } from "../agent/inbox.ts";

const textBytes = 2_000;
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

/** Waits until an open request is over, or for something else. Requests whose time is up are closed here. */
export async function untilRequestIsOver(agent: Agent, orElse: () => boolean): Promise<void> {
  const { state } = agent;
  const open = state.requests.length;
  const isOver = (): boolean => state.requests.length < open || mustWithdraw(agent) || orElse();
  const summary = "time to decide";
  await condition(isOver, Math.max(1, timeLeft(state.requests)), { summary });
  if (mustWithdraw(agent)) withdrawAll(agent);
  expire(agent);
  publish(agent);
}

function mustWithdraw(agent: Agent): boolean {
  const { inbox, ending } = agent.state;
  return demandsAttention(inbox) || ending || isStopping(agent);
}

/** What open requests make an agent wait for. */
export function kindsOf({ state }: Agent): readonly WaitingReason[] {
  return [...new Set(state.requests.map(({ kind }) => kind))];
}

const timeLeft = (requests: readonly OpenRequest[]): number =>
  Math.min(...requests.map(({ expiresAt }) => Date.parse(expiresAt))) - Date.now();

/** Somebody who speaks comes first: what was asked is taken back, and may be asked again. */
export function withdrawAll(agent: Agent): void {
  const text =
    "Not run: somebody spoke first, so the request was withdrawn. Ask again if it is still needed.";
  for (const request of agent.state.requests) {
    closeRequest(agent, request, { type: "say", answer: { text, isError: true } }, "withdrawn", "");
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
    else closeRequest(agent, request, toExpired(request), "expired", "");
  }
}

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

/** Whatever became of it: the call it asked for has its verdict. */
export function closeRequest(
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
