// A file that may be written.
import { lstat } from "node:fs/promises";
import type { Scope } from "../../protocol/isolation.ts";
import { refuseOutside } from "../edits/scope.ts";
import { type Jail, type Place, toPlace } from "./jail.ts";
import { toCode, ToolProblem } from "../tool-problem.ts";

/** The place, with whether a file is there already. Throws `ToolProblem` for what may not be written. */
export async function toTarget(
  { jail, scopes = [] }: { readonly jail: Jail; readonly scopes?: readonly Scope[] },
  path: string,
): Promise<{ place: Place; exists: boolean }> {
  const place = await toPlace(jail, path);
  if (!place.inArtifacts && !jail.writable) {
    throw new ToolProblem(
      `${place.shown} was not written: this workspace is read-only. Write under artifacts/ instead.`,
    );
  }
  if (!place.inArtifacts) refuseOutside(scopes, place.shown);
  if (place.link) {
    throw new ToolProblem(`${place.shown} is a link, and links are not written through.`);
  }
  if (path.endsWith("/") || place.real === place.root) {
    throw new ToolProblem(`${place.shown} is a folder. Name a file in it.`);
  }
  return { place, exists: await exists(place.real) };
}

async function exists(real: string): Promise<boolean> {
  try {
    await lstat(real);
    return true;
  } catch (error) {
    if (toCode(error) === "ENOENT") return false;
    throw error;
  }
}
