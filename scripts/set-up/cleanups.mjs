// What must be undone when set-up is interrupted.

const cleanups = new Set();
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
const handlers = Object.entries(signals).map(([signal, code]) => [
  signal,
  () => process.exit(code),
]);

function runAll() {
  // Newest first: a child ends before its folder goes.
  for (const cleanup of [...cleanups].toReversed()) cleanup();
}

/** Runs `cleanup` (synchronous) if the process ends before the returned function is called. */
export function undoUnlessDone(cleanup) {
  if (cleanups.size === 0) {
    process.on("exit", runAll);
    for (const [signal, handler] of handlers) process.on(signal, handler);
  }
  cleanups.add(cleanup);
  return () => {
    cleanups.delete(cleanup);
    if (cleanups.size > 0) return;
    process.off("exit", runAll);
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}
