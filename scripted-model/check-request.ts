// Whether the Messages API would take a request.
import type { IncomingHttpHeaders } from "node:http";
import { ApiError, invalid } from "./api-error.ts";
import { checkBetas } from "./check-betas.ts";
import { checkBinding } from "./check-binding.ts";
import { checkCompaction } from "./compaction.ts";
import { checkHistory } from "./check-history.ts";
import { checkTools } from "./check-tools.ts";
import { findModel, type ModelFacts } from "./models.ts";
import { type MessagesRequest, requestSchema } from "./request.ts";

const maxMessages = 100_000;

/** Row 1 of the reference's table: what must hold before the body is read. */
export function checkHeaders(headers: IncomingHttpHeaders): void {
  const bearer = /^Bearer \S/.test(headers.authorization ?? "");
  if (!bearer && !headers["x-api-key"]) {
    throw new ApiError(401, "x-api-key or Authorization: Bearer is required");
  }
  if (!headers["anthropic-version"]) throw invalid("anthropic-version: header is required");
}

export function checkRequest(body: unknown, headers: IncomingHttpHeaders): MessagesRequest {
  const request = parse(body);
  const betas = new Set(String(headers["anthropic-beta"] ?? "").split(/\s*,\s*/));
  const model = findModel(request.model);
  if (!model) throw new ApiError(404, `model: ${request.model}`);
  checkFields(request, model);
  checkTools(request, model);
  checkBetas(request, betas);
  checkHistory(request, model);
  checkCompaction(request);
  checkBinding(request);
  return request;
}

function parse(body: unknown): MessagesRequest {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw invalid("the body must be a JSON object");
  }
  for (const field of ["temperature", "top_p", "top_k"]) {
    if (field in body) throw invalid(`${field}: not supported by API version 2026-10-21`);
  }
  const parsed = requestSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid([issue?.path.join("."), issue?.message].filter(Boolean).join(": "));
}

function checkFields(request: MessagesRequest, model: ModelFacts): void {
  if (model.maxOutputTokens !== null && request.max_tokens > model.maxOutputTokens) {
    throw invalid(
      `max_tokens: ${request.max_tokens} > ${model.maxOutputTokens}, the most ${request.model} allows`,
    );
  }
  if (request.messages.length > maxMessages) {
    throw new ApiError(413, `messages: more than ${maxMessages}`);
  }
  const thinking = request.thinking?.type;
  if (model.newest && (thinking === "enabled" || thinking === "disabled")) {
    throw invalid(
      `thinking.type: "${thinking}" is not supported by ${request.model}, use "adaptive"`,
    );
  }
}
