// Without the process that started it, a child has no use.

/** Ends this process at once when its parent is gone, or has gone while this one was loaded. */
export function endWithParent(): void {
  if (process.send === undefined) return;
  if (!process.connected) process.exit(1);
  process.on("disconnect", () => process.exit(1));
}
