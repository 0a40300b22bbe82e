// What is said of every tool.
import type { z } from "zod";
import { toLine } from "../text.ts";

/** One argument, as a label shows it. */
export const line = (text: string): string => toLine(text, 90);

/** `read` runs beside others and may be repeated; `write` runs in order, journalled; `delegate` is done by the workflow itself, `ask` by a person. */
type ToolEffect = "read" | "write" | "delegate" | "ask";

export interface ToolSpec<Input = unknown> {
  readonly description: string;
  readonly input: () => z.ZodType<Input>;
  readonly effect: ToolEffect;
  /** Whether a person approves each call, where an agent's file does not say. */
  readonly approval?: true;
  /** Milliseconds one attempt may take. */
  readonly timeoutMs: number;
  /** An effect that is broken off when its call is cancelled or its worker stops. Others are finished. */
  readonly stoppable?: true;
  /** What a list of events shows for a call. */
  label(input: Input): string;
}

/** Ties a label to its tool's arguments. */
export const spec = <Input>(given: ToolSpec<Input>): ToolSpec<Input> => given;

/** Done by the workflow itself. */
export const decided = { effect: "delegate", timeoutMs: 0 } as const;
