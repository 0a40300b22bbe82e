// How this command line is called from where the person is.
import { join, relative } from "node:path";
import { root } from "../installation/clone.ts";
import type { Context } from "./context.ts";

/** `./bin/bosun` in a clone, its full path elsewhere. */
export function toProgramName({ cwd }: Pick<Context, "cwd">): string {
  const program = join(root, "bin", "bosun");
  const path = relative(cwd, program);
  return path.startsWith("..") ? program : `./${path}`;
}
