// The job file of the build, held against what it calls.
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
// @ts-expect-error plain JavaScript without types
import { cacheFolder } from "../../scripts/set-up/cache.mjs";
// @ts-expect-error plain JavaScript without types
import { nodeProblem } from "../../scripts/set-up/node-version.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const step = z.strictObject({
  uses: z.string().optional(),
  with: z.record(z.string(), z.union([z.string(), z.boolean()])).optional(),
  run: z.string().optional(),
});
const job = z.strictObject({
  name: z.string(),
  "runs-on": z.string().regex(/^ubuntu-\d+\.\d+$/),
  "timeout-minutes": z.literal(40),
  strategy: z
    .strictObject({
      "fail-fast": z.literal(false),
      matrix: z.strictObject({ node: z.array(z.string()) }),
    })
    .optional(),
  steps: z.array(step),
});
const shape = z.strictObject({
  name: z.string(),
  on: z.strictObject({
    push: z.strictObject({ branches: z.tuple([z.literal("main")]) }),
    pull_request: z.null(),
  }),
  // Nothing in it writes, so its token reads.
  permissions: z.strictObject({ contents: z.literal("read") }),
  concurrency: z.strictObject({ group: z.string(), "cancel-in-progress": z.literal(true) }),
  jobs: z.strictObject({ check: job, whole: job, dependencies: job }),
});

const text = read(".github/workflows/ci.yml");
const { jobs } = shape.parse(parse(text));
const steps = Object.values(jobs).flatMap((one) => one.steps);
const commands = steps.flatMap(({ run }) => run ?? []);

const manifest = z
  .object({ engines: z.object({ node: z.string() }), scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(read("package.json")));
const oldest = manifest.engines.node.replace(/^>=/, "");
const matrix = jobs.check.strategy?.matrix.node ?? [];

test("every command of the job file is there", () => {
  const ours = commands.filter((line) => !line.startsWith("sudo "));
  expect(ours).toEqual(["npm run check", ".ci/run", "npm run check:dependencies"]);
  expect(ours.map(toFile).filter((file) => !existsSync(join(root, file)))).toEqual([]);
  expect(() => accessSync(join(root, ".ci/run"), constants.X_OK)).not.toThrow();
});

function toFile(command: string): string {
  const [, script] = /^npm run (\S+)$/.exec(command) ?? [];
  if (script === undefined) return command;
  return (manifest.scripts[script] ?? `no script ${script}`).replace(/^node /, "");
}

test("actions are pinned by commit, with their version beside it", () => {
  const lines = text.split("\n").filter((line) => line.includes("uses:"));
  expect(lines.length).toBe(steps.filter(({ uses }) => uses).length);
  for (const line of lines) {
    expect(line).toMatch(/uses: actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  }
  const commits = new Set(lines.map((line) => line.replace(/.*uses: /, "")));
  const names = new Set(lines.map((line) => line.replace(/.*uses: ([^@]+).*/, "$1")));
  expect(commits.size).toBe(names.size);
});

test("no step keeps the token of its checkout", () => {
  const checkouts = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"));
  expect(checkouts.length).toBe(Object.keys(jobs).length);
  for (const checkout of checkouts) expect(checkout.with).toEqual({ "persist-credentials": false });
});

test("the oldest Node of package.json, set-up and README is the oldest that is tried", () => {
  expect(oldest).toMatch(/^\d+\.\d+$/);
  const [major = 0, minor = 0] = oldest.split(".").map(Number);
  expect(nodeProblem(`${oldest}.0`)).toBeUndefined();
  expect(nodeProblem(`${major}.${minor - 1}.9`)).toContain(`Bosun needs Node ${oldest} or later`);
  expect(read("README.md")).toContain(`Node ${oldest} or newer`);
  expect(matrix[0]).toBe(oldest);
  expect(nodesOf("whole")).toEqual([oldest]);
});

test("CONTRIBUTING names the Nodes that are tried", () => {
  const named = `${matrix.slice(0, -1).join(", ")} and ${matrix.at(-1)}`;
  expect(read("CONTRIBUTING.md")).toContain(`Node ${named}`);
  for (const name of ["dependencies"] as const) expect(matrix).toContain(nodesOf(name)[0]);
});

function nodesOf(name: keyof typeof jobs): readonly unknown[] {
  return jobs[name].steps.flatMap((one) => one.with?.["node-version"] ?? []);
}

test("the cache holds what set-up keeps, by the files that say what that is", () => {
  const [cache] = steps.filter(({ uses }) => uses?.startsWith("actions/cache@"));
  const home = mkdtempSync(join(tmpdir(), "bosun-home-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const path = String(cache?.with?.["path"]);
  expect(path.replace("~", home)).toBe(cacheFolder({ HOME: home }));
  const files = [...String(cache?.with?.["key"]).matchAll(/'([^']+)'/g)].map(([, file]) => file);
  expect(files).toContain("scripts/set-up/temporal.mjs");
  for (const file of files) expect(existsSync(join(root, file ?? ""))).toBe(true);
});

test("the build from a clean checkout has no cache", () => {
  const { steps: whole } = jobs.whole;
  expect(whole.some(({ uses }) => uses?.startsWith("actions/cache@"))).toBe(false);
  expect(whole.some((one) => one.with && "cache" in one.with)).toBe(false);
});
