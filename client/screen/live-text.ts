// What is said of a model call that is tried again.
import type { LiveCall } from "../../protocol/live-call.ts";
import { toPlainLine } from "./plain-text.ts";

/** `attempt 3, after: …`. Nothing while all goes well. */
export function toAttemptText(live: LiveCall | undefined): string {
  if (!live || live.attempt < 2) return "";
  const why = live.lastFailure ? `, after: ${toPlainLine(live.lastFailure)}` : "";
  return `attempt ${live.attempt}${why}`;
}
