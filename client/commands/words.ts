// Words that several commands use.

/** Who answers the model calls, so that nobody takes a script for Claude. */
export function toBackendWords(backend: string): string {
  if (backend === "scripted") return "scripted model, not Claude";
  return backend === "api.anthropic.com" ? "Claude" : `model at ${backend || "an unknown address"}`;
}
