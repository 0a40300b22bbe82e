// The control API: what tests set and read, under /control.
import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { ApiError, invalid } from "./api-error.ts";
import type { ServerState } from "./server-state.ts";
import { faultRequestSchema } from "./fault-queue.ts";
import { parseBody, readBody } from "./read-body.ts";
import { scriptSchema } from "./script-book.ts";

const paceSchema = z.strictObject({ paceMs: z.number().min(0) });
const releaseSchema = z.strictObject({ word: z.string().min(1) });

export async function control(
  state: ServerState,
  incoming: IncomingMessage,
  url: URL,
): Promise<Record<string, unknown>> {
  const path = url.pathname.slice("/control".length);
  switch (`${incoming.method} ${path}`) {
    case "POST /scripts":
      state.scripts.put(await read(incoming, scriptSchema));
      return { ok: true };
    case "POST /faults":
      state.faults.add(await read(incoming, faultRequestSchema));
      return { ok: true };
    case "DELETE /faults":
      state.faults.clear();
      return { ok: true };
    case "GET /journal":
      return state.journal.read(
        Number(url.searchParams.get("after") ?? 0),
        url.searchParams.get("match") ?? "",
      );
    case "DELETE /journal":
      state.journal.clear();
      return { ok: true };
    case "POST /releases":
      state.released.add((await read(incoming, releaseSchema)).word);
      return { ok: true };
    case "POST /pace":
      state.paceMs = (await read(incoming, paceSchema)).paceMs;
      return { ok: true };
  }
  const script = /^\/scripts\/([^/]+)$/.exec(path)?.[1];
  if (incoming.method === "DELETE" && script !== undefined) {
    return { ok: true, removed: state.scripts.remove(decodeURIComponent(script)) };
  }
  throw new ApiError(404, `no such control route: ${incoming.method} ${url.pathname}`);
}

async function read<T>(incoming: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(parseBody(await readBody(incoming)));
  if (parsed.success) return parsed.data;
  throw invalid(z.prettifyError(parsed.error));
}
