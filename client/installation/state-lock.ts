// The lock of a state folder.
import { join } from "node:path";
import { lockHolder, withLock } from "./lock.ts";
import { isSame, ownMark } from "./processes.ts";

interface Waiting {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (line: string) => void;
}

export function withStateLock<T>(
  dir: string,
  waiting: Waiting,
  work: () => Promise<T>,
): Promise<T> {
  return withLock(join(dir, "lock"), work, {
    signal: waiting.signal,
    onWait: ({ pid }) => waiting.onProgress?.(`Waiting for another bosun here, process ${pid}`),
  });
}

export function isLockedByAnother(dir: string): boolean {
  const holder = lockHolder(join(dir, "lock"));
  return holder !== undefined && !isSame(holder, ownMark());
}
