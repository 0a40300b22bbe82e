// An error of the Messages API, as Temporal should see it.
import { APIConnectionError, APIConnectionTimeoutError, APIError } from "@anthropic-ai/sdk";
import { ApplicationFailure } from "@temporalio/activity";
import { failureTypes } from "../../protocol/failures.ts";
import { cutText } from "../../protocol/text.ts";
import { hideSecrets } from "./hide-secrets.ts";

/** Error codes that say more than their HTTP status: whether a retry can help. */
const retryByCode: Readonly<Record<string, boolean>> = {
  enforced_spend_limit_reached: false,
  contract_spend_limit_reached: false,
  linked_organization_spend_limit_reached: false,
  linked_organization_billing_unavailable: false,
  ramp_limit_exceeded: true,
  compaction_unavailable: true,
  cmek_key_unreachable: true,
  cmek_context_unavailable: true,
};

const finalStatuses = new Set([400, 401, 402, 403, 404, 405, 412, 413, 422, 431]);
/** Types that an error inside a 200 stream may carry and that stay wrong when repeated. */
const finalTypes = new Set([
  "invalid_request_error",
  "authentication_error",
  "permission_error",
  "not_found_error",
  "billing_error",
  "request_too_large",
]);

/** The type the API would have given, where a proxy's answer carries none. */
const typeByStatus: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  529: "overloaded_error",
};

const limitReached =
  "The account has reached its spend limit. Raise the limit with the provider, or wait until it counts anew.";

/** Words for the person, by failure type. Others speak for themselves. */
const remedies: Readonly<Record<string, string>> = {
  authentication_error:
    "The API refused the key. Set ANTHROPIC_API_KEY to a valid key and start the worker again.",
  permission_error: "The key may not use this model or feature. Use another key or model.",
  not_found_error:
    "The API does not know this model or address. Check BOSUN_SUPERVISOR_MODEL, BOSUN_TASK_MODEL, the agent's model, and ANTHROPIC_BASE_URL.",
  billing_error: "The account's billing stops this. Settle it with the provider.",
  linked_organization_billing_unavailable:
    "The billing of the linked organization stops this. Settle it with the provider.",
  enforced_spend_limit_reached: limitReached,
  contract_spend_limit_reached: limitReached,
  linked_organization_spend_limit_reached: limitReached,
};

/** What a server, a proxy or a library says, in a failure: histories keep every failure twice. */
const wordBytes = 500;
const toName = (text: string): string => cutText(text, 100);

/** Bounded, and without what must stay secret. */
const toWords = (text: string): string => cutText(hideSecrets(text.slice(0, 4_000)), wordBytes);

/** Total: every error becomes one failure, without the raw error in it. First match wins. `attempts` counts this one. */
export function toFailure(error: unknown, attempts = 1): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  if (!(error instanceof APIError)) return fromUnnamed(error);
  if (error instanceof APIConnectionTimeoutError || error instanceof APIConnectionError) {
    return retried(
      error.constructor.name,
      `The model could not be reached (${toWords(causeOf(error))}).`,
    );
  }
  const { type, retry } = judge(error);
  const words = toWords(error.apiMessage ?? error.message);
  const remedy = remedies[type];
  const message = `${remedy ? `${remedy} The API said: ` : ""}${words}`;
  const delay = retry ? toDelay(error.headers) : undefined;
  return ApplicationFailure.create({
    message,
    type,
    nonRetryable: !retry,
    ...(delay !== undefined && { nextRetryDelay: delay }),
    details: [
      {
        status: error.status ?? null,
        type,
        code: error.errorCode ? toName(error.errorCode) : null,
        requestId: error.requestID ? toName(error.requestID) : null,
        attempts,
        ...(delay !== undefined && { retryAfterMs: delay }),
      },
    ],
  });
}

function judge(error: APIError): { readonly type: string; readonly retry: boolean } {
  const { status, errorCode } = error;
  // A code that is not known here counts as its bare type.
  const code = errorCode && Object.hasOwn(retryByCode, errorCode) ? errorCode : undefined;
  const type =
    code ??
    (error.type && toName(error.type)) ??
    typeByStatus[status ?? 0] ??
    error.constructor.name;
  const byCode = code && retryByCode[code];
  const told = error.headers?.get("x-should-retry");
  if (byCode === false) return { type, retry: false };
  if (told === "true" || told === "false") return { type, retry: told === "true" };
  if (byCode) return { type, retry: true };
  if (status === undefined || status === 200) return { type, retry: !finalTypes.has(type) };
  return { type, retry: !finalStatuses.has(status) };
}

/** Errors without a class of the API: broken streams, refused sockets, misuse of the SDK. */
function fromUnnamed(error: unknown): ApplicationFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (message.startsWith("Streaming is required")) {
    return ApplicationFailure.nonRetryable(toWords(message), failureTypes.clientMisuse);
  }
  return retried(failureTypes.streamBroken, `The answer broke off (${toWords(message)}).`);
}

function retried(type: string, message: string): ApplicationFailure {
  return ApplicationFailure.create({ message, type, nonRetryable: false });
}

function causeOf(error: Error): string {
  const { cause } = error;
  if (!(cause instanceof Error)) return toWords(error.message);
  const code = "code" in cause ? String(cause.code) : "";
  const inner =
    cause.cause instanceof Error && "code" in cause.cause ? String(cause.cause.code) : "";
  return toWords(inner || code || cause.message || error.message);
}

const longestDelay = 15 * 60_000;

/** Milliseconds the server asks for, with up to a tenth more so that callers spread. */
function toDelay(headers: Headers | undefined): number | undefined {
  const asked = toMilliseconds(headers);
  if (asked === undefined || !(asked > 0)) return undefined;
  return Math.round(Math.min(asked, longestDelay) * (1 + Math.random() / 10));
}

function toMilliseconds(headers: Headers | undefined): number | undefined {
  const exact = headers?.get("retry-after-ms");
  if (exact) return Number(exact);
  const after = headers?.get("retry-after");
  if (!after) return undefined;
  const seconds = Number(after);
  return Number.isNaN(seconds) ? Date.parse(after) - Date.now() : seconds * 1_000;
}
