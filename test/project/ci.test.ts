// What the build of a change says last.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const script = fileURLToPath(new URL("../../.ci/run", import.meta.url));

/** Runs the script with an npm that says and does as told. */
function runWith(npm: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), "bosun-ci-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const cases = Object.entries(npm).map(([command, does]) => `"${command}"*) ${does} ;;`);
  mkdirSync(join(folder, "bin"));
  const program = join(folder, "bin", "npm");
  writeFileSync(program, `#!/bin/bash\ncase "$*" in\n${cases.join("\n")}\nesac\n`);
  chmodSync(program, 0o755);
  const env = { ...process.env, PATH: `${join(folder, "bin")}${delimiter}${process.env["PATH"]}` };
  const { status, stdout } = spawnSync("bash", [script], { env, encoding: "utf8" });
  return { code: status, last: stdout.trimEnd().split("\n").at(-1) };
}

const two = (name: string) => `echo "2 passed, 0 failed"; echo "npm notice ${name}"`;

test.each([
  {
    name: "both counts are added, whatever npm says after them",
    npm: { "run test:faults": "echo 3 passed, 0 failed", "run test": two("new version") },
    expected: { code: 0, last: "5 passed, 0 failed" },
  },
  {
    name: "a failed test makes the build fail, and the faults are still run",
    npm: {
      "run test:faults": "echo 3 passed, 0 failed",
      "run test": "echo 1 passed, 1 failed; exit 1",
    },
    expected: { code: 1, last: "4 passed, 1 failed" },
  },
  {
    name: "a script that breaks off without a count is one failure",
    npm: { "run test:faults": "echo oops; exit 7", "run test": two("x") },
    expected: { code: 7, last: "2 passed, 1 failed" },
  },
  {
    name: "a script that ends well without a count is no success",
    npm: { "run test:faults": "echo oops", "run test": two("x") },
    expected: { code: 1, last: "2 passed, 1 failed" },
  },
  {
    name: "packages that cannot be installed are one failure",
    npm: { ci: "exit 1" },
    expected: { code: 1, last: "0 passed, 1 failed" },
  },
])("the last line of the build: $name", ({ npm, expected }) => {
  expect(runWith(npm)).toEqual(expected);
});
