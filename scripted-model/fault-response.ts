// The faults that are answered instead of a message.
import { ApiError, toErrorBody } from "./api-error.ts";
import type { HttpFault } from "./faults.ts";

export interface FaultResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const html = "<html><body><h1>502 Bad Gateway</h1></body></html>";

export function toFaultResponse(fault: HttpFault, requestId: string): FaultResponse {
  const json = (
    status: number,
    code?: string,
    headers: Record<string, string> = {},
  ): FaultResponse => {
    const error = new ApiError(status, `scripted fault: ${fault.type}`, { code });
    return { status, headers, body: JSON.stringify(toErrorBody(error, requestId)) };
  };
  switch (fault.type) {
    case "http":
      return toHttp(fault, requestId);
    case "rate_limit":
      return json(429, undefined, {
        ...(fault.retryAfter === undefined ? {} : { "retry-after": String(fault.retryAfter) }),
        ...(fault.retryAfterMs === undefined
          ? {}
          : { "retry-after-ms": String(fault.retryAfterMs) }),
      });
    case "spend_limit":
      return json(
        429,
        "enforced_spend_limit_reached",
        fault.shouldRetry === undefined ? {} : { "x-should-retry": String(fault.shouldRetry) },
      );
    case "ramp_limit":
      return json(429, "ramp_limit_exceeded", { "retry-after": String(fault.retryAfter ?? 1) });
    case "overloaded":
      return json(529);
    case "compaction_unavailable":
      return json(529, "compaction_unavailable");
    case "server_error":
      return json(500);
    case "bad_gateway":
      return { status: 502, headers: { "content-type": "text/html" }, body: html };
    case "unavailable":
      return { status: 503, headers: {}, body: "" };
    case "authentication":
      return json(401);
    case "billing":
      return json(402);
    case "permission":
      return json(403);
    case "not_found":
      return json(404);
    case "timeout":
      return json(408);
    case "conflict":
      return json(409);
    case "too_large":
      return json(413);
  }
}

function toHttp(fault: Extract<HttpFault, { type: "http" }>, requestId: string): FaultResponse {
  const message = fault.message ?? "scripted fault: http";
  const error = new ApiError(fault.status, message, { type: fault.errorType, code: fault.code });
  const body = fault.body ?? JSON.stringify(toErrorBody(error, requestId));
  return { status: fault.status, headers: fault.headers ?? {}, body };
}
