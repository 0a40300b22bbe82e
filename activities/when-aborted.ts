// The moment a signal is aborted, to wait for.

/** Never, once `done` was aborted: then nobody waits any more. */
export function whenAborted(signal: AbortSignal, done: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true, signal: done });
  });
}
