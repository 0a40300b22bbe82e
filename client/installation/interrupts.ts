// Ctrl-C, once and again.

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Calls `first` at the first Ctrl-C (or SIGTERM, or a closed terminal) and `again` at a later one.
 * Returns how to stop listening.
 */
export function onInterrupt(first: () => void, again: () => void): () => void {
  let at: number | undefined;
  const listener = () => {
    const now = performance.now();
    if (at === undefined) {
      at = now;
      first();
      return;
    }
    // npm passes on a Ctrl-C that the terminal has delivered already: that is one key, not two.
    if (now - at > 250) again();
  };
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}

/** A signal that the first Ctrl-C aborts. A later one ends the process, after `abandon`. */
export function openInterrupt(abandon: () => void = () => undefined): {
  readonly signal: AbortSignal;
  readonly stopListening: () => void;
} {
  const interrupted = new AbortController();
  const stopListening = onInterrupt(
    () => interrupted.abort(),
    () => {
      abandon();
      process.exit(130);
    },
  );
  return { signal: interrupted.signal, stopListening };
}
