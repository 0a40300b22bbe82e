// What doctor looks at, one line each.
import { accessSync, constants } from "node:fs";
import type { Env } from "../../protocol/environment.ts";
import { reason } from "../command-error.ts";
import { isExternal } from "./temporal-connection.ts";
import { checkSetUp, type SetUpAnswer } from "./temporal-program.ts";

export interface Check {
  readonly name: string;
  readonly status: "ok" | "warn" | "fail";
  readonly detail: string;
  /** What to do about it. */
  readonly remedy?: string;
}

export function ok(name: string, detail: string): Check {
  return { name, status: "ok", detail };
}

export function warn(name: string, detail: string, remedy: string): Check {
  return { name, status: "warn", detail, remedy };
}

export function fail(name: string, detail: string, remedy: string): Check {
  return { name, status: "fail", detail, remedy };
}

/** Node, packages, Temporal's program, the state folder. */
export async function checkMachine(env: Env, dir: string | undefined): Promise<readonly Check[]> {
  // Too old a Node never comes this far: the launcher has refused it.
  const node = ok("Node", process.versions.node);
  return [node, ...(await checkSoftware(env)), checkFolder(dir)];
}

async function checkSoftware(env: Env): Promise<readonly Check[]> {
  try {
    const { temporal, packagesProblem } = await checkSetUp(env);
    const packages = packagesProblem
      ? warn("packages", `out of date: ${packagesProblem}`, "Run: npm ci")
      : ok("packages", "as locked");
    if (isExternal(env))
      return [packages, ok("Temporal program", "not needed, TEMPORAL_ADDRESS is set")];
    return [packages, checkProgram(temporal)];
  } catch (error) {
    return [fail("Temporal program", reason(error), "Run: node scripts/set-up.mjs")];
  }
}

function checkProgram(found: SetUpAnswer["temporal"]): Check {
  const name = "Temporal program";
  if (found.path !== undefined) return ok(name, found.path);
  return warn(
    name,
    ["none yet", ...found.skipped].join("; "),
    "The next start downloads or builds it. Or install it (brew install temporal), or set TEMPORAL_CLI",
  );
}

function checkFolder(dir: string | undefined): Check {
  const name = "state folder";
  if (dir === undefined) return ok(name, "none yet, the first start makes ./.bosun");
  try {
    accessSync(dir, constants.W_OK);
    return ok(name, dir);
  } catch (error) {
    return fail(name, reason(error), "Make it writable, or set BOSUN_DIR to another folder");
  }
}
