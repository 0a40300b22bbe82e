// The one error this server answers with.

const typesByStatus: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  408: "timeout_error",
  409: "invalid_request_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

export class ApiError extends Error {
  readonly status: number;
  readonly type: string;
  readonly code: string | undefined;

  constructor(
    status: number,
    message: string,
    more: { type?: string | undefined; code?: string | undefined } = {},
  ) {
    super(message);
    this.status = status;
    this.type = more.type ?? typesByStatus[status] ?? "api_error";
    this.code = more.code;
  }
}

/** The commonest refusal: the request is not one the API would take. */
export function invalid(message: string, code?: string): ApiError {
  return new ApiError(400, message, { code });
}

export function toErrorBody(error: ApiError, requestId: string): Record<string, unknown> {
  const details = error.code === undefined ? {} : { details: { error_code: error.code } };
  return {
    type: "error",
    error: { type: error.type, message: error.message, ...details },
    request_id: requestId,
  };
}
