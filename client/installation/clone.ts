// This clone, and how a program of it is run.
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** What Node is given to run a TypeScript file of this clone, wherever the process stands. */
export function nodeArguments(entry: string): string[] {
  const loader = pathToFileURL(join(root, "scripts", "set-up", "typescript.mjs"));
  return ["--import", loader.href, join(root, entry)];
}
