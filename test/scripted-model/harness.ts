// A scripted model in this process, under the real SDK.
import Anthropic from "@anthropic-ai/sdk";
import { startScriptedModel } from "../../scripted-model/server.ts";

export interface Entry {
  readonly n: number;
  readonly request: Record<string, unknown>;
  readonly outcome: Record<string, unknown>;
}

export interface Journal {
  readonly entries: readonly Entry[];
  readonly last: number;
  readonly dropped: number;
}

export const model = "claude-haiku-5-5";

export async function startHarness() {
  const server = await startScriptedModel();
  const client = new Anthropic({ apiKey: "test", baseURL: server.url, maxRetries: 0 });
  const control = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await fetch(`${server.url}/control${path}`, init);
    return response.json();
  };
  return {
    url: server.url,
    client,
    control,
    journal: async (query = "") => (await control("GET", `/journal${query}`)) as Journal,
    fault: (fault: Record<string, unknown>, more: Record<string, unknown> = {}) =>
      control("POST", "/faults", { fault, ...more }),
    /** A request as raw as a test wants it. */
    post: async (body: unknown, headers: Record<string, string> = {}) => {
      const response = await fetch(`${server.url}/v1/messages`, {
        method: "POST",
        headers: { "x-api-key": "test", "anthropic-version": "2026-10-21", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      });
      return { status: response.status, headers: response.headers, text: await response.text() };
    },
    close: () => server.close(),
  };
}

export type Harness = Awaited<ReturnType<typeof startHarness>>;

export const user = (...texts: string[]) => ({
  role: "user" as const,
  content: texts.map((text) => ({ type: "text" as const, text })),
});

export const result = (tool_use_id: string, content = "ok") => ({
  type: "tool_result" as const,
  tool_use_id,
  content,
});

/** A tool that takes any object. */
export const tool = (name: string, properties: Record<string, unknown> = {}) => ({
  name,
  description: name,
  input_schema: { type: "object" as const, properties },
});
