// A folder that agents may work on.
import { readdirSync, realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { CommandError } from "../command-error.ts";
import type { Context } from "./context.ts";

/** Its real absolute path. Any folder that can be read will do. */
export function resolveWorkspace(given: string, { cwd }: Pick<Context, "cwd">): string {
  const path = resolve(cwd, given);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new CommandError(`There is no folder ${path}. Name one with --workspace.`, 2);
  if (!stat.isDirectory()) {
    throw new CommandError(`${path} is a file. Name a folder with --workspace.`, 2);
  }
  try {
    readdirSync(path);
  } catch {
    throw new CommandError(`The folder ${path} cannot be read. Name another with --workspace.`, 2);
  }
  return realpathSync(path);
}
