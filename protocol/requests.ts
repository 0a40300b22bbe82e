// What waits for a person's word.
import { z } from "zod";
import { idShape } from "./ids.ts";
import { shape } from "./shape.ts";
import type { ToolName } from "./tools/tools.ts";

/** A tool call that goes on only when a person has decided, or its time has run out. */
export interface OpenRequest {
  readonly requestId: string;
  /** The tool call that waits. */
  readonly callId: string;
  /** An approval is allowed or denied, a question is answered. */
  readonly kind: "approval" | "answer";
  readonly tool: ToolName;
  /** One line: the tool and its target. */
  readonly label: string;
  /** What is asked: the question, or the call's arguments as JSON. At most 2 KB. */
  readonly text: string;
  /** ISO 8601, like `expiresAt`. */
  readonly askedAt: string;
  /** When it is denied, or counts as unanswered. */
  readonly expiresAt: string;
  /** Its time was prolonged, because nothing ran here when it was up. */
  readonly extended?: boolean;
}

/** What a person may say to a request. */
export type Decision =
  /** With `input` the call runs with these arguments instead of its own. */
  | { readonly type: "approve"; readonly input?: Readonly<Record<string, unknown>> }
  | { readonly type: "deny"; readonly reason: string }
  | { readonly type: "answer"; readonly text: string };

/** The longest words of a decision. What is longer would be cut. */
export const decisionBytes = { answer: 16_000, reason: 1_000 } as const;

/** How a request ended. */
export interface SettledRequest {
  readonly requestId: string;
  readonly outcome: Decision["type"] | "expired" | "withdrawn";
  /** Who decided. Empty when nobody did. */
  readonly by: string;
  readonly at: string;
}

/** What has become of a request. */
export const outcomeWords: Readonly<Record<SettledRequest["outcome"], string>> = {
  approve: "approved",
  deny: "denied",
  answer: "answered",
  expired: "expired",
  withdrawn: "withdrawn",
};

/** A decision on its way to the agent that asked. */
export interface DecideInput {
  readonly requestId: string;
  readonly decision: Decision;
  /** Who decides, for the record. */
  readonly by: string;
}

export const decideShape = shape<z.ZodType<DecideInput>>(
  z.object({
    requestId: idShape(),
    decision: z.discriminatedUnion("type", [
      z.object({
        type: z.literal("approve"),
        input: z.record(z.string(), z.unknown()).exactOptional(),
      }),
      z.object({ type: z.literal("deny"), reason: z.string() }),
      z.object({ type: z.literal("answer"), text: z.string().min(1) }),
    ]),
    by: z.string().max(200),
  }),
);

/** `known` when the same decision had been taken before. */
export interface Decided extends SettledRequest {
  readonly known: boolean;
}
