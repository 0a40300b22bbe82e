// A strict local Messages API: scripted, not a model.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answerMessages } from "./answer-messages.ts";
import { ApiError, toErrorBody } from "./api-error.ts";
import { type ServerState, createState } from "./server-state.ts";
import { checkHeaders } from "./check-request.ts";
import { control } from "./control.ts";
import { countTokens } from "./count-tokens.ts";
import { findModel, toModelInfo } from "./models.ts";
import { toHeaders, toRequestId } from "./response-headers.ts";

export interface ScriptedModelOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Milliseconds between chunks of a stream, 0 by default. */
  readonly paceMs?: number;
}

export interface ScriptedModel {
  readonly url: string;
  close(): Promise<void>;
}

export async function startScriptedModel(
  options: ScriptedModelOptions = {},
): Promise<ScriptedModel> {
  const state = createState(options.paceMs ?? 0);
  const server = createServer((incoming, response) => void serve(state, incoming, response));
  // Longer than a client keeps an idle connection: else it may send on one just closed.
  server.keepAliveTimeout = 120_000;
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(
  state: ServerState,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = toRequestId();
  try {
    for (const [name, value] of Object.entries(toHeaders(requestId)))
      response.setHeader(name, value);
    await route(state, incoming, response, requestId);
  } catch (error) {
    const known =
      error instanceof ApiError ? error : new ApiError(500, `scripted model: ${String(error)}`);
    if (!response.destroyed) writeJson(response, known.status, toErrorBody(known, requestId));
  }
}

async function route(
  state: ServerState,
  incoming: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): Promise<void> {
  const url = new URL(incoming.url ?? "/", "http://127.0.0.1");
  const called = `${incoming.method} ${url.pathname}`;
  if (called === "POST /v1/messages") return answerMessages(state, incoming, response, requestId);
  if (url.pathname.startsWith("/control/"))
    return writeJson(response, 200, await control(state, incoming, url));
  if (called === "POST /v1/messages/count_tokens")
    return writeJson(response, 200, await countTokens(incoming));
  if (called.startsWith("GET /v1/models/"))
    return writeJson(response, 200, readModel(incoming, url));
  if (called === "GET /") {
    return writeJson(response, 200, {
      service: "bosun scripted model",
      note: "scripted, not a model",
    });
  }
  throw new ApiError(404, `no such route: ${called}`);
}

function readModel(incoming: IncomingMessage, url: URL): Record<string, unknown> {
  checkHeaders(incoming.headers);
  const id = decodeURIComponent(url.pathname.slice("/v1/models/".length));
  const facts = findModel(id);
  if (!facts) throw new ApiError(404, `model: ${id}`);
  return toModelInfo(id, facts);
}

function writeJson(response: ServerResponse, status: number, body: unknown): void {
  if (!response.headersSent) response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
