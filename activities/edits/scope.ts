// What a task may change.
import type { Scope } from "../../protocol/isolation.ts";
import { type PathTest, toPathTest } from "../tools/glob.ts";
import { ToolProblem } from "../tool-problem.ts";

/** Every scope has to allow a path, as seen from the workspace's folder. */
export function toScopeTest(scopes: readonly Scope[]): PathTest {
  const tests = scopes.map((scope) => scope.map(toEntryTest));
  return (path) => tests.every((entries) => entries.some((allows) => allows(path)));
}

/** Seen from the folder itself: `src` is that folder, not every one of the name. */
function toEntryTest(entry: string): PathTest {
  const body = entry.replace(/^(\.\/)+/, "");
  return body === "." || body === "" ? () => true : toPathTest(`/${body}`);
}

export function refuseOutside(scopes: readonly Scope[], shown: string): void {
  if (toScopeTest(scopes)(shown)) return;
  const allowed = scopes.map((scope) => scope.join(", ")).join("; and within that ");
  throw new ToolProblem(
    `${shown} was not written: it is outside the scope of this task, which is ${allowed}. Leave it as it is and say at the end what should change there, or write under artifacts/.`,
  );
}
