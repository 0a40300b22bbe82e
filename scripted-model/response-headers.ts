// The headers every answer of the API carries.
import { randomBytes } from "node:crypto";

const limits: Readonly<Record<string, number>> = {
  requests: 4_000,
  tokens: 2_000_000,
  "input-tokens": 1_600_000,
  "output-tokens": 400_000,
};

export function toRequestId(): string {
  return `req_${randomBytes(12).toString("hex")}`;
}

/** The limits are decoration: nothing is ever counted against them. */
export function toHeaders(requestId: string): Record<string, string> {
  const headers: Record<string, string> = {
    "request-id": requestId,
    "anthropic-organization-id": "00000000-0000-0000-0000-000000000000",
    "x-scripted": "scripted, not a model",
  };
  const reset = new Date(Date.now() + 60_000).toISOString();
  for (const [name, limit] of Object.entries(limits)) {
    headers[`anthropic-ratelimit-${name}-limit`] = String(limit);
    headers[`anthropic-ratelimit-${name}-remaining`] = String(limit - 1);
    headers[`anthropic-ratelimit-${name}-reset`] = reset;
  }
  return headers;
}
