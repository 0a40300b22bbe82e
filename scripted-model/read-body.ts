// A request's body, up to the limit of the API.
import type { IncomingMessage } from "node:http";
import { ApiError, invalid } from "./api-error.ts";

const maxBytes = 32 * 1024 * 1024;

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
  }
  if (bytes > maxBytes) throw new ApiError(413, `request body exceeds ${maxBytes} bytes`);
  return Buffer.concat(chunks).toString("utf8");
}

export function parseBody(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    throw invalid("the body is not valid JSON");
  }
}
