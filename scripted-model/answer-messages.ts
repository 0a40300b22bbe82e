// One call of POST /v1/messages, from body to last byte.
import type { IncomingMessage, ServerResponse } from "node:http";
import { ApiError, invalid, toErrorBody } from "./api-error.ts";
import type { ServerState } from "./server-state.ts";
import { bendMessage } from "./bend-message.ts";
import { bendSteps, bendTiming } from "./bend-steps.ts";
import { checkHeaders, checkRequest } from "./check-request.ts";
import { clamp, type Draft } from "./clamp.ts";
import { compose } from "./compose.ts";
import { type Conversation, toConversation } from "./conversation.ts";
import { deliver } from "./deliver.ts";
import { toFaultResponse } from "./fault-response.ts";
import { type Fault, isHttpFault, isLineFault, isMessageFault } from "./faults.ts";
import type { Outcome } from "./journal.ts";
import { findModel } from "./models.ts";
import { toPrefix } from "./prefix.ts";
import { parseBody, readBody } from "./read-body.ts";
import type { MessagesRequest } from "./request.ts";
import { jsonSteps, type Step, streamSteps } from "./steps.ts";
import { summarize } from "./summarize.ts";

interface Plan {
  readonly outcome: Omit<Outcome, "completed">;
  readonly headers: Readonly<Record<string, string>>;
  readonly steps: Iterable<Step>;
}

const json = { "content-type": "application/json" };
const sse = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" };

export async function answerMessages(
  state: ServerState,
  incoming: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): Promise<void> {
  const raw = await readBody(incoming);
  const end = state.journal.begin(raw);
  const { outcome, headers, steps } = plan(state, incoming, raw, requestId);
  response.once("close", () => end({ ...outcome, completed: response.writableFinished }));
  if (outcome.status > 0) response.writeHead(outcome.status, { ...headers });
  await deliver(response, steps);
}

/** Checks come first: no fault hides a request that would be refused. */
function plan(state: ServerState, incoming: IncomingMessage, raw: string, requestId: string): Plan {
  try {
    checkHeaders(incoming.headers);
    const request = checkRequest(parseBody(raw), incoming.headers);
    const conversation = toConversation(request);
    const fault = state.faults.take(conversation);
    const instead = fault && planFault(fault, requestId);
    return instead ?? planMessage(state, request, conversation, fault, requestId);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const text = JSON.stringify(toErrorBody(error, requestId));
    const outcome = { status: error.status, error: error.message };
    return { outcome, headers: json, steps: [{ do: "send", text }] };
  }
}

/** For the faults that leave no message to send. */
function planFault(fault: Fault, requestId: string): Plan | undefined {
  if (isHttpFault(fault)) {
    const { status, headers, body } = toFaultResponse(fault, requestId);
    const steps: Step[] = [{ do: "send", text: body }];
    return { outcome: { status, fault: fault.type }, headers: { ...json, ...headers }, steps };
  }
  if (fault.type !== "reset" && fault.type !== "no_answer") return undefined;
  const step: Step = fault.type === "reset" ? { do: "cut" } : { do: "hang" };
  return { outcome: { status: 0, fault: fault.type }, headers: {}, steps: [step] };
}

function planMessage(
  state: ServerState,
  request: MessagesRequest,
  conversation: Conversation,
  fault: Fault | undefined,
  requestId: string,
): Plan {
  const { draft: whole, delayMs, until } = toDraft(state, request, conversation);
  const draft = isMessageFault(fault) ? bendMessage(whole, fault) : whole;
  const isHeld = (): boolean => until !== undefined && !state.released.has(until);
  const timing = bendTiming({ paceMs: state.paceMs, delayMs, isHeld }, fault);
  const steps = request.stream ? streamSteps(draft, timing) : jsonSteps(draft, timing);
  return {
    outcome: {
      status: 200,
      stopReason: draft.answer.stop_reason,
      messageId: draft.answer.id,
      ...(fault ? { fault: fault.type } : {}),
    },
    headers: request.stream ? sse : json,
    steps: isLineFault(fault) ? bendSteps(steps, fault, requestId) : steps,
  };
}

function toDraft(
  state: ServerState,
  request: MessagesRequest,
  conversation: Conversation,
): { draft: Draft; delayMs: number; until: string | undefined } {
  const prefix = toPrefix(request);
  const window = findModel(request.model)?.contextTokens ?? Infinity;
  if (prefix.tokens > window) {
    throw invalid(`prompt is too long: ${prefix.tokens} tokens > ${window} maximum`);
  }
  const reply = request.compaction
    ? { text: summarize(conversation) }
    : state.scripts.reply(conversation);
  const answer = compose(request, reply, prefix, state.cache.charge(request, prefix));
  const { delayMs = 0, until } = reply;
  return { draft: clamp(answer, request.max_tokens), delayMs, until };
}
