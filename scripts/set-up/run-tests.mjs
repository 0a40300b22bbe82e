// The tests, counted on the last line.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool } from "./run-tool.mjs";

/** Runs vitest, prints `N passed, N failed`, and resolves to an exit code. */
export async function runTests(args) {
  const folder = mkdtempSync(join(tmpdir(), "bosun-tests-"));
  const report = join(folder, "report.json");
  try {
    const code = await runTool("vitest", [
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...args,
    ]);
    const { passed, failed } = countTests(readReport(report), code);
    console.log(`${passed} passed, ${failed} failed`);
    return code || (failed > 0 || passed === 0 ? 1 : 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that could not even load counts as one failed test, and so does a run that broke off. */
export function countTests(report, code) {
  const broken = (report?.testResults ?? []).filter(
    (file) => file.status === "failed" && !file.assertionResults.some(isFailed),
  );
  const failed = (report?.numFailedTests ?? 0) + broken.length;
  return { passed: report?.numPassedTests ?? 0, failed: code === 0 ? failed : Math.max(failed, 1) };
}

function isFailed(test) {
  return test.status === "failed";
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
