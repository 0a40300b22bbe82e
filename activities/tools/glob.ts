// A model's glob, matched in linear time.
import { RE2JS } from "re2js";
import { ToolProblem } from "../tool-problem.ts";

export type PathTest = (path: string) => boolean;

/**
 * Reads as a line of `.gitignore` does: without a slash it matches at any depth, a name without
 * wildcards stands for the folder's whole content too. A leading `!` turns it round.
 */
export function toPathTest(glob: string | undefined): PathTest {
  if (glob === undefined) return () => true;
  const negated = glob.startsWith("!");
  const expression = compile(glob, negated ? glob.slice(1) : glob);
  return (path) => expression.testExact(path) !== negated;
}

function compile(glob: string, given: string): RE2JS {
  const body = given.replace(/^\.\//, "");
  if (body === "" || body.length > 300) throw invalid(glob, "use 1 to 300 characters");
  if (body.split("/").includes("..")) throw invalid(glob, "it cannot lead out with ..");
  const path = body.replace(/^\//, "").replace(/\/$/, "");
  const anywhere = body.replace(/\/$/, "").includes("/") ? "" : "(?:.*/)?";
  const last = path.slice(path.lastIndexOf("/") + 1);
  const below = body.endsWith("/") ? "/.*" : /[*?[\]{}]/.test(last) ? "" : "(?:/.*)?";
  try {
    return RE2JS.compile(`${anywhere}${translate(glob, path)}${below}`, RE2JS.DOTALL);
  } catch (error) {
    throw error instanceof ToolProblem ? error : invalid(glob, String(error));
  }
}

/** The pieces of a glob, the longest first. What is none of them stands for itself. */
const pieces =
  /(?<deep>(?<=^|\/)\*\*\/)|(?<rest>(?<=^|\/)\*\*$)|(?<stars>\*+)|(?<one>\?)|\[(?<not>[!^]?)(?<set>\]?[^\]/]+)\]|(?<brace>[{},])|\\(?<kept>.)|(?<plain>.)/gsu;

function translate(glob: string, path: string): string {
  let depth = 0;
  const parts = Array.from(path.matchAll(pieces), ({ groups = {} }) => {
    const { deep, rest, stars, one, not, set, brace, kept, plain } = groups;
    if (deep) return "(?:.*/)?";
    if (rest) return ".*";
    if (stars) return "[^/]*";
    if (one) return "[^/]";
    if (set) return `[${not ? "^/" : ""}${set.replaceAll(/[\\[\]^]/g, String.raw`\$&`)}]`;
    if (brace === "{") depth += 1;
    if (brace === "}") depth -= 1;
    if (depth < 0) throw invalid(glob, "a } has no {");
    if (brace) return toBrace(brace, depth);
    return RE2JS.quote(kept ?? plain ?? "");
  });
  if (depth > 0) throw invalid(glob, "a { has no }");
  return parts.join("");
}

function toBrace(brace: string, depth: number): string {
  if (brace === "{") return "(?:";
  if (brace === "}") return ")";
  return depth > 0 ? "|" : ",";
}

function invalid(glob: string, why: string): ToolProblem {
  return new ToolProblem(`${glob} is not a glob that can be used: ${why}. An example: src/**/*.ts`);
}
