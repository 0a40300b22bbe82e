// The set-up scripts: what they find, and what they say.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
// @ts-expect-error plain JavaScript without types
import { nodeProblem } from "../../scripts/set-up/node-version.mjs";
// @ts-expect-error plain JavaScript without types
import { countTests } from "../../scripts/set-up/run-tests.mjs";
import { cleanEnv, newPlace } from "./place.ts";

const script = fileURLToPath(new URL("../../scripts/set-up.mjs", import.meta.url));

test.each(["0.12.0", "16.20.2", "18.20.8", "20.18.3"])(
  "Node %s is refused in one sentence",
  (version) => {
    expect(nodeProblem(version)).toContain(
      `Bosun needs Node 20.19 or later, and this is Node ${version}.`,
    );
  },
);

test.each(["20.19.0", "20.20.2", "22.0.0", "24.1.0"])("Node %s will do", (version) => {
  expect(nodeProblem(version)).toBeUndefined();
});

const passed = { status: "passed", assertionResults: [{ status: "passed" }] };
const unloadable = { status: "failed", assertionResults: [] };
const failing = { status: "failed", assertionResults: [{ status: "failed" }] };

test.each([
  { name: "all passed", files: [passed], counts: [1, 0], code: 0, failed: 0 },
  { name: "one failed", files: [passed, failing], counts: [1, 1], code: 1, failed: 1 },
  {
    name: "a file that cannot load",
    files: [passed, unloadable],
    counts: [1, 0],
    code: 1,
    failed: 1,
  },
  { name: "an error outside of tests", files: [passed], counts: [1, 0], code: 1, failed: 1 },
])("the count of tests: $name", ({ files, counts, code, failed }) => {
  const report = { testResults: files, numPassedTests: counts[0], numFailedTests: counts[1] };
  expect(countTests(report, code)).toEqual({ passed: 1, failed });
});

test("a run without a report counts as failed", () => {
  expect(countTests(undefined, 1)).toEqual({ passed: 0, failed: 1 });
});

describe("a clone without the packages that Bosun is developed with", () => {
  type Packages = Record<string, { dev?: true }>;

  /** What is set up there, when these packages are. */
  function lookWith(keep: (name: string, dev: boolean) => boolean): object {
    const { folder } = newPlace();
    const clone = fileURLToPath(new URL("../..", import.meta.url));
    for (const path of ["scripts", "package.json", "package-lock.json"]) {
      cpSync(join(clone, path), join(folder, path), { recursive: true });
    }
    const { packages } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as {
      packages: Packages;
    };
    const kept = Object.entries(packages).filter(([name, { dev = false }]) => keep(name, dev));
    const installed = JSON.stringify({ packages: Object.fromEntries(kept) });
    mkdirSync(join(folder, "node_modules"));
    writeFileSync(join(folder, "node_modules", ".package-lock.json"), installed);
    const args = [join(folder, "scripts", "set-up.mjs"), "--check"];
    const { stdout } = spawnSync(process.execPath, args, { env: cleanEnv(), encoding: "utf8" });
    return JSON.parse(stdout) as object;
  }

  test("has all that it needs to run", () => {
    expect(lookWith((_, dev) => !dev)).not.toHaveProperty("packagesProblem");
  });

  test("is told what else is missing", () => {
    const looked = lookWith((name, dev) => !dev && name !== "node_modules/zod");
    expect(looked).toMatchObject({ packagesProblem: "zod is missing" });
  });
});

function look(env: Readonly<Record<string, string | undefined>>) {
  const args = [script, "--check"];
  return spawnSync(process.execPath, args, { env: cleanEnv(env), encoding: "utf8" });
}

test("a TEMPORAL_CLI that does not run is an error that names it", () => {
  const { status, stderr } = look({ TEMPORAL_CLI: "/nowhere/temporal" });
  expect(status).toBe(1);
  expect(stderr).toBe(
    "TEMPORAL_CLI is set to /nowhere/temporal, which cannot be used: it does not run (ENOENT). Change or unset it.\n",
  );
});

test("a temporal on the PATH that knows too little is skipped, with the reason", () => {
  const { folder } = newPlace();
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const program = join(bin, "temporal");
  writeFileSync(program, "#!/bin/sh\necho --db-filename\n");
  chmodSync(program, 0o755);
  const { stdout } = look({
    TEMPORAL_CLI: undefined,
    PATH: bin,
    XDG_CACHE_HOME: folder,
    HOME: folder,
  });
  expect(JSON.parse(stdout).temporal).toEqual({
    skipped: [
      `${program} is skipped: it does not know --sqlite-pragma, --search-attribute, --dynamic-config-value`,
    ],
  });
});
