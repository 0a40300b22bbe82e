// A text file in memory, or why it is none.
import { constants, open } from "node:fs/promises";
import type { Place } from "./jail.ts";
import { toMissing } from "./near-names.ts";
import { toCode, ToolProblem } from "../tool-problem.ts";

export interface TextFile {
  readonly kind: "text";
  readonly text: string;
  readonly bytes: number;
  readonly mode: number;
  /** False when some bytes were no UTF-8 and became U+FFFD. */
  readonly utf8: boolean;
}
export type Loaded =
  | TextFile
  | { readonly kind: "folder" | "special" }
  | { readonly kind: "binary" | "big"; readonly bytes: number };

/** Largest file that can be read or edited whole. */
const maxFileBytes = 10_000_000;

/** O_NONBLOCK, for a pipe would keep the call waiting for ever. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Throws the file system's own error when there is nothing to open. */
export async function loadText(real: string, maxBytes: number): Promise<Loaded> {
  const handle = await open(real, flags);
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) return { kind: "folder" };
    if (!stats.isFile()) return { kind: "special" };
    if (stats.size > maxBytes) return { kind: "big", bytes: stats.size };
    const data = await handle.readFile();
    // Git takes a file for binary by the same sign.
    if (data.subarray(0, 8_000).includes(0)) return { kind: "binary", bytes: data.length };
    return { kind: "text", ...decode(data), bytes: data.length, mode: stats.mode & 0o7777 };
  } finally {
    await handle.close();
  }
}

/** The text at a place a model named. Throws `ToolProblem` when there is none. */
export async function readPlace(place: Place): Promise<TextFile> {
  const loaded = await loadText(place.real, maxFileBytes).catch(async (error: unknown) => {
    throw toCode(error) === "ENOENT" ? await toMissing(place) : error;
  });
  if (loaded.kind !== "text") throw new ToolProblem(toRefusal(place.shown, loaded));
  return loaded;
}

export function toRefusal(
  shown: string,
  loaded: Exclude<Loaded, TextFile>,
  maxBytes = maxFileBytes,
): string {
  switch (loaded.kind) {
    case "folder":
      return `${shown} is a folder. Use list_files to see what is in it.`;
    case "special":
      return `${shown} is no regular file. Leave it alone.`;
    case "binary":
      return `${shown} is a binary file of ${loaded.bytes} bytes. Only text can be used.`;
    case "big":
      return `${shown} is too big: ${loaded.bytes} bytes, and ${maxBytes} is the most. Go on without it.`;
  }
}

function decode(data: Buffer): { text: string; utf8: boolean } {
  try {
    return {
      text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data),
      utf8: true,
    };
  } catch {
    return { text: data.toString("utf8"), utf8: false };
  }
}
