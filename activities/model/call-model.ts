// One call to Claude, safe to retry.
import type Anthropic from "@anthropic-ai/sdk";
import { ApplicationFailure, Context } from "@temporalio/activity";
import type { ModelActivities, ModelCallInput } from "../../protocol/activities.ts";
import { failureTypes } from "../../protocol/failures.ts";
import type { ModelBeat } from "../../protocol/live-call.ts";
import { toUsd } from "../../protocol/prices.ts";
import { type Price, publicPrices, scriptedBackend } from "../../protocol/models.ts";
import { byteLength, cutText } from "../../protocol/text.ts";
import type { ModelAnswer, ToolDeclaration } from "../../protocol/turn.ts";
import { whileBeating } from "../while-beating.ts";
import type { PullTranscript } from "./pull-transcript.ts";
import { withSummaryRequest } from "./summary-request.ts";
import { toFailure } from "./to-failure.ts";
import { watchStream } from "./watch-stream.ts";

export interface ModelDependencies {
  readonly anthropic: Anthropic;
  /** Who this worker's calls go to: `scripted`, or the API's host name. */
  readonly backend: string;
  /** Milliseconds without a byte before a stream counts as stalled. */
  readonly stallMs: number;
  readonly pullTranscript: PullTranscript;
}

const tailLength = 300;

export function createCallModel(deps: ModelDependencies): ModelActivities["callModel"] {
  return async (input) => {
    const { cancellationSignal, info } = Context.current();
    let beat: ModelBeat = { phase: "pulling", bytes: 0, tail: "" };
    const watch = watchStream(deps.stallMs, cancellationSignal, (bytes) => {
      beat = { ...beat, phase: "streaming", bytes };
    });
    const call = async (): Promise<ModelAnswer> => {
      checkBackend(deps.backend, input.backend);
      const params = await toParams(deps, input);
      beat = { ...beat, phase: "waiting" };
      watch.start();
      const stream = deps.anthropic.messages.stream(params, {
        signal: watch.signal,
        middleware: [watch.tap],
      });
      // A summary is not said to anybody.
      if (input.purpose !== "summary") {
        stream.on("text", (text) => {
          beat = { ...beat, tail: (beat.tail + text).slice(-tailLength) };
        });
      }
      const message = await stream.finalMessage();
      return checkSize(toAnswer(deps.backend, input.price, message, stream.request_id));
    };
    try {
      return await whileBeating(call, () => beat);
    } catch (error) {
      // A cancellation or a shutdown first, then the watchdog: both surface as the SDK's abort error.
      if (cancellationSignal.aborted) throw cancellationSignal.reason;
      if (watch.stalled()) throw stalled(deps.stallMs);
      throw toFailure(error, info.attempt);
    } finally {
      watch.stop();
    }
  };
}

function checkBackend(own: string, expected: string): void {
  if (own === expected) return;
  throw ApplicationFailure.create({
    message: `The conversation was held with ${nameOf(expected)}, and this worker talks to ${nameOf(own)}.`,
    type: failureTypes.backendChanged,
    nonRetryable: true,
    details: [{ backend: own }],
  });
}

const nameOf = (backend: string): string =>
  backend === scriptedBackend ? "the scripted model" : backend;

async function toParams(
  { pullTranscript }: ModelDependencies,
  { transcript, maxTokens, closing, purpose = closing ? "closing" : "turn" }: ModelCallInput,
): Promise<Anthropic.MessageStreamParams> {
  const { header, messages: pulled } = await pullTranscript(transcript);
  const messages = purpose === "summary" ? withSummaryRequest(pulled) : pulled;
  return {
    model: header.model,
    max_tokens: maxTokens,
    system: [{ type: "text", text: header.system }],
    messages: messages.map(({ role, content }) => ({ role, content: [...content] })),
    cache_control: { type: "ephemeral" },
    ...(header.tools.length > 0 && {
      tools: header.tools.map(toTool),
      ...(purpose !== "turn" && { tool_choice: { type: "none" as const } }),
    }),
  };
}

const toTool = ({ name, description, input_schema }: ToolDeclaration): Anthropic.Tool => ({
  name,
  description,
  input_schema: { ...input_schema },
});

/** Named fields only, the content as it came: it goes back byte for byte. */
function toAnswer(
  backend: string,
  given: Price | undefined,
  message: Anthropic.Message,
  requestId: string | null | undefined,
): ModelAnswer {
  const { usage } = message;
  const spent = {
    calls: 1,
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens,
    cacheReadTokens: usage.cache_read_input_tokens ?? 0,
    cacheWriteTokens: usage.cache_creation_input_tokens ?? 0,
  };
  const price = given ?? (backend === scriptedBackend ? undefined : publicPrices[message.model]);
  const detail = message.stop_details;
  return {
    messageId: toName(message.id),
    requestId: requestId ? toName(requestId) : null,
    model: toName(message.model),
    content: message.content,
    stopReason: message.stop_reason && toName(message.stop_reason),
    ...(detail && { stopDetail: describeStop(detail) }),
    usage: { ...spent, usd: toUsd(backend, price, spent) },
  };
}

/** What a server calls something, for a log: never long. */
const toName = (text: string): string => cutText(text, 200);

/** Half of what an activity may return: above that it would fail without a word of what to do. */
const answerBytes = 1_000_000;

function checkSize(answer: ModelAnswer): ModelAnswer {
  const size = byteLength(JSON.stringify(answer));
  if (size <= answerBytes) return answer;
  throw ApplicationFailure.nonRetryable(
    `The model's answer has ${size} bytes, and ${answerBytes} is the most that can be recorded. Ask for less at a time, let it write long texts to files in parts, or set BOSUN_MAX_TOKENS or the agent's maxTokens lower.`,
    failureTypes.answerTooLarge,
  );
}

function describeStop(detail: object): string {
  const { category, explanation } = detail as { category?: unknown; explanation?: unknown };
  const parts = [category, explanation].filter((part) => typeof part === "string");
  return cutText(parts.join(": "), 500);
}

function stalled(stallMs: number): ApplicationFailure {
  return ApplicationFailure.retryable(
    `The model sent nothing for ${Math.round(stallMs / 1_000)} s.`,
    failureTypes.streamStalled,
  );
}
