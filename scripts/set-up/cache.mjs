// The folder for what is fetched or built once per person.
import { accessSync, constants, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { root } from "./root.mjs";

/** A writable folder: the person's cache, else one in the state folder of this clone. */
export function cacheFolder(env = process.env) {
  const xdg = env.XDG_CACHE_HOME;
  const home = env.HOME || safely(homedir);
  const candidates = [
    xdg && isAbsolute(xdg) && join(xdg, "bosun"),
    home && isAbsolute(home) && join(home, ".cache", "bosun"),
    join(root, ".bosun", "cache"),
  ].filter(Boolean);
  const writable = candidates.find(isWritable);
  if (writable) return writable;
  throw new Error(
    `None of these folders can be written: ${candidates.join(", ")}. Set XDG_CACHE_HOME to one that can.`,
  );
}

/** Whether it can be written. It is made when it is not there. */
export function isWritable(folder) {
  return safely(() => {
    // One of them lies in what may become a state folder: for this person only.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
    return true;
  });
}

function safely(ask) {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
