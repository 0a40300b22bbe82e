// Everything that can be made to go wrong, by name.
import { z } from "zod";

const ms = z.number().min(0);
const count = z.int().min(0);

/** Answered instead of a message. */
const httpFault = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("http"),
    status: z.int(),
    errorType: z.string().optional(),
    code: z.string().optional(),
    message: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    /** Sent as is, instead of a JSON error body. */
    body: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal("rate_limit"),
    /** Seconds, or an HTTP date. */
    retryAfter: z.union([z.number(), z.string()]).optional(),
    retryAfterMs: ms.optional(),
  }),
  z.strictObject({ type: z.literal("spend_limit"), shouldRetry: z.boolean().optional() }),
  z.strictObject({ type: z.literal("ramp_limit"), retryAfter: z.number().optional() }),
  ...(
    [
      "overloaded",
      "compaction_unavailable",
      "server_error",
      "bad_gateway",
      "unavailable",
      "authentication",
      "billing",
      "permission",
      "not_found",
      "timeout",
      "conflict",
      "too_large",
    ] as const
  ).map((type) => z.strictObject({ type: z.literal(type) })),
]);

/** A complete message, but an unusual one. */
const messageFault = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("refusal"), category: z.string().nullish() }),
  z.strictObject({ type: z.literal("stop_reason"), value: z.string() }),
  ...(
    [
      "empty_end_turn",
      "empty_text",
      "pause_turn",
      "context_window_exceeded",
      "truncated_tool_use",
      "invalid_tool_json",
    ] as const
  ).map((type) => z.strictObject({ type: z.literal(type) })),
]);

/** A good message on a bad line. */
const lineFault = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("reset") }),
  z.strictObject({ type: z.literal("no_answer") }),
  z.strictObject({ type: z.literal("silence"), afterEvents: count.default(0) }),
  z.strictObject({
    type: z.literal("pings"),
    /** Endless when left out. */
    count: count.optional(),
    everyMs: ms.default(100),
  }),
  z.strictObject({ type: z.literal("slow"), paceMs: ms }),
  z.strictObject({
    type: z.literal("stream_error"),
    errorType: z.string().default("overloaded_error"),
    afterEvents: count.default(4),
  }),
  z.strictObject({ type: z.literal("drop"), afterBytes: count.default(500) }),
  z.strictObject({ type: z.literal("clean_eof"), afterEvents: count.default(4) }),
  z.strictObject({ type: z.literal("unknown_event") }),
  /** An event whose data is no JSON. */
  z.strictObject({ type: z.literal("broken_json"), afterEvents: count.default(3) }),
  /** All but the last event, then a wait: for callers that die with the answer in hand. */
  z.strictObject({ type: z.literal("hold"), ms }),
]);

export const faultSchema = z.discriminatedUnion("type", [httpFault, messageFault, lineFault]);

export type HttpFault = z.infer<typeof httpFault>;
export type MessageFault = z.infer<typeof messageFault>;
export type LineFault = z.infer<typeof lineFault>;
export type Fault = HttpFault | MessageFault | LineFault;

const typesOf = (union: typeof httpFault | typeof messageFault) =>
  new Set<string>(union.options.map((option) => option.shape.type.value));
const httpTypes = typesOf(httpFault);
const messageTypes = typesOf(messageFault);

export function isHttpFault(fault: Fault | undefined): fault is HttpFault {
  return fault !== undefined && httpTypes.has(fault.type);
}

export function isMessageFault(fault: Fault | undefined): fault is MessageFault {
  return fault !== undefined && messageTypes.has(fault.type);
}

export function isLineFault(fault: Fault | undefined): fault is LineFault {
  return fault !== undefined && !isHttpFault(fault) && !isMessageFault(fault);
}
