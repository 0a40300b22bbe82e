// A watchdog on a stream that may fall silent forever.
import type { Middleware } from "@anthropic-ai/sdk";

export interface StreamWatch {
  /** Aborted by the caller's signal, or by silence. */
  readonly signal: AbortSignal;
  /** Counts the bytes of the response. Pings count: they keep a long think alive. */
  readonly tap: Middleware;
  start(): void;
  stop(): void;
  stalled(): boolean;
}

export function watchStream(
  stallMs: number,
  outer: AbortSignal,
  onBytes: (total: number) => void,
): StreamWatch {
  const either = new AbortController();
  const abort = (): void => either.abort();
  let silent = false;
  let timer: NodeJS.Timeout | undefined;
  let total = 0;
  // By hand: on Node 20 a signal of AbortSignal.any can be collected before it fires.
  if (outer.aborted) abort();
  outer.addEventListener("abort", abort);
  const rewind = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      silent = true;
      abort();
    }, stallMs);
  };
  const tap: Middleware = async (request, next) => {
    const response = await next(request);
    if (!response.body) return response;
    const counted = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, out) {
          total += chunk.byteLength;
          rewind();
          onBytes(total);
          out.enqueue(chunk);
        },
      }),
    );
    const { status, statusText, headers } = response;
    return new Response(counted, { status, statusText, headers });
  };
  return {
    signal: either.signal,
    tap,
    start: rewind,
    stop: () => {
      clearTimeout(timer);
      outer.removeEventListener("abort", abort);
    },
    stalled: () => silent,
  };
}
