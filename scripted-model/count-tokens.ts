// POST /v1/messages/count_tokens, by the same estimate.
import type { IncomingMessage } from "node:http";
import { checkHeaders, checkRequest } from "./check-request.ts";
import { toPrefix } from "./prefix.ts";
import { parseBody, readBody } from "./read-body.ts";

export async function countTokens(incoming: IncomingMessage): Promise<Record<string, unknown>> {
  checkHeaders(incoming.headers);
  const body = parseBody(await readBody(incoming));
  const asRequest = typeof body === "object" && body !== null ? { ...body, max_tokens: 0 } : body;
  return { input_tokens: toPrefix(checkRequest(asRequest, incoming.headers)).tokens };
}
