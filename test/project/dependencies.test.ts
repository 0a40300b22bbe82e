// What the check of dependencies finds.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
// @ts-expect-error plain JavaScript without types
import { installScripts } from "../../scripts/dependencies/accepted.mjs";
// @ts-expect-error plain JavaScript without types
import { auditDependencies, readAudit } from "../../scripts/dependencies/audit.mjs";
// @ts-expect-error plain JavaScript without types
import { inspectDependencies } from "../../scripts/dependencies/inspect.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Package {
  readonly name: string;
  /** What its package.json says. Without, it is locked and not installed. */
  readonly own?: object;
  readonly lock?: object;
}

/** A folder with these packages. */
function installed(packages: readonly Package[], dependencies: object = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "bosun-packages-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  const locked = packages.map(({ name, lock }) => [
    `node_modules/${name}`,
    { version: "1.2.3", ...lock },
  ]);
  write("package.json", JSON.stringify({ dependencies }));
  write(
    "package-lock.json",
    JSON.stringify({ packages: { "": {}, ...Object.fromEntries(locked) } }),
  );
  write("docs/decisions/0003-dependencies.md", "`known` and `@house/*` are for something.\n");
  for (const { name, own } of packages) {
    if (own) write(`node_modules/${name}/package.json`, JSON.stringify(own));
  }
  return folder;
}

const lists = {
  licences: { MIT: "permissive", "Apache-2.0": "permissive" },
  licenceExceptions: {
    "browser*": { licence: "MPL-2.0", developmentOnly: true, why: "development only" },
  },
  installScripts: { builder: "puts its program in place" },
};
/** What the lists above name, so that none of it is there for nothing. */
const needed: readonly Package[] = [
  { name: "browsers", own: { license: "MPL-2.0" }, lock: { dev: true } },
  { name: "builder", own: { license: "MIT" }, lock: { hasInstallScript: true } },
];

function problemsOf(packages: readonly Package[], dependencies?: object): readonly string[] {
  return inspectDependencies(installed(packages, dependencies), { lists }).problems;
}

test("nothing is said against the packages that are locked here", () => {
  const { packages, problems } = inspectDependencies(root);
  expect(problems).toEqual([]);
  expect(packages.length).toBeGreaterThan(200);
});

test("npm runs the scripts that are accepted, and no others", () => {
  const { allowScripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const names = Object.keys(installScripts);
  expect(allowScripts).toEqual(Object.fromEntries(names.map((name) => [name, true])));
});

test.each([
  { license: "MIT" },
  { license: { type: "MIT" } },
  { licenses: [{ type: "GPL-3.0" }, { type: "MIT" }] },
  { license: "(GPL-3.0 OR MIT)" },
  { license: "Apache-2.0 AND MIT" },
])("the licence of %j is accepted", (own) => {
  expect(problemsOf([...needed, { name: "a", own }])).toEqual([]);
});

test.each([
  { own: { license: "GPL-3.0" }, says: "GPL-3.0" },
  { own: { license: "GPL-3.0 AND MIT" }, says: "GPL-3.0 AND MIT" },
  { own: { license: "(MIT) AND (GPL-3.0)" }, says: "(MIT) AND (GPL-3.0)" },
  { own: { license: "toString" }, says: "toString" },
  { own: { license: "MPL-2.0" }, says: "MPL-2.0" },
  { own: {}, says: "none named" },
])("the licence of $own is refused by name", ({ own, says }) => {
  expect(problemsOf([...needed, { name: "a", own }])).toEqual([
    `a 1.2.3 has the licence ${says}, which is not accepted. Do without it, or accept it in scripts/dependencies/accepted.mjs with the reason.`,
  ]);
});

test("a licence that is accepted for development is refused in production", () => {
  const problems = problemsOf([...needed, { name: "browser", own: { license: "MPL-2.0" } }]);
  expect(problems).toEqual([expect.stringContaining("browser 1.2.3 has the licence MPL-2.0")]);
});

test("a script that runs at installation is refused where nobody has accepted it", () => {
  const lock = { hasInstallScript: true };
  const own = { license: "MIT" };
  const absent = { name: "c", lock: { ...lock, optional: true } };
  const problems = problemsOf([...needed, { name: "b", own, lock }, absent]);
  expect(problems).toEqual([
    expect.stringContaining("b 1.2.3 runs a script when it is installed."),
    expect.stringContaining("c 1.2.3 runs a script when it is installed."),
  ]);
});

test("what is accepted by name and not needed has to go", () => {
  expect(problemsOf([{ name: "builder", own: { license: "MIT" } }])).toEqual([
    expect.stringContaining("browser* is accepted by name and not needed."),
    expect.stringContaining("builder is accepted by name and not needed."),
  ]);
});

test("a direct dependency that the page does not name is refused", () => {
  const dependencies = { known: "1", "@house/door": "1", knownish: "1" };
  expect(problemsOf(needed, dependencies)).toEqual([
    "knownish is a direct dependency that docs/decisions/0003-dependencies.md does not name. Say there what it is for.",
  ]);
});

test("packages of other platforms may be absent, others may not", () => {
  const other = { name: "other-platform", lock: { optional: true } };
  const told = { name: "told", lock: { optional: true, license: "GPL-3.0" } };
  const gone = { name: "gone" };
  const { absent, problems } = inspectDependencies(installed([...needed, other, told, gone]), {
    lists,
  });
  expect(absent).toBe(2);
  expect(problems).toEqual([
    "gone 1.2.3 is locked and not installed. Run: npm ci",
    expect.stringContaining("told 1.2.3 has the licence GPL-3.0"),
  ]);
});

const advisory = {
  name: "sinkhole",
  severity: "high",
  range: "<2.0.0",
  via: [{ title: "It sinks", url: "https://example.org/1" }, "deeper"],
  fixAvailable: true,
};

test.each([
  { name: "a clean report", text: { vulnerabilities: {} }, expected: { found: [] } },
  {
    name: "a report with an advisory",
    text: { vulnerabilities: { sinkhole: advisory } },
    expected: {
      found: [
        "sinkhole <2.0.0, high: It sinks (https://example.org/1); through deeper. npm audit fix has a newer one.",
      ],
    },
  },
  {
    name: "a registry without an audit",
    text: { message: "405 Method Not Allowed", statusCode: 405, error: { summary: "" } },
    expected: { unchecked: "this registry has no audit (405 Method Not Allowed)" },
  },
  {
    name: "no network",
    text: { message: "getaddrinfo ENOTFOUND", error: { code: "ENOTFOUND" } },
    expected: { unchecked: "getaddrinfo ENOTFOUND" },
  },
  {
    name: "another failure",
    text: { error: { code: "ENOLOCK", summary: "This command requires an existing lockfile." } },
    expected: { unchecked: "This command requires an existing lockfile." },
  },
  { name: "no answer", text: "", expected: { unchecked: "npm audit gave no report" } },
])("an audit with $name", ({ text, expected }) => {
  expect(readAudit(JSON.stringify(text))).toEqual(expected);
});

test("an npm that is not there is not taken for a clean audit", () => {
  expect(auditDependencies(root, "/nowhere/npm")).toEqual({
    unchecked: "npm audit does not run (ENOENT)",
  });
});

/** Runs the script with an npm that answers as told. */
function runWith(answer: object, args: readonly string[] = []) {
  const bin = mkdtempSync(join(tmpdir(), "bosun-npm-"));
  onTestFinished(() => rmSync(bin, { recursive: true, force: true }));
  writeFileSync(join(bin, "npm"), `#!/bin/sh\necho '${JSON.stringify(answer)}'\nexit 1\n`);
  chmodSync(join(bin, "npm"), 0o755);
  const script = join(root, "scripts", "check-dependencies.mjs");
  const env = { ...process.env, PATH: `${bin}:${process.env["PATH"]}` };
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    env,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("the exit code tells a finding from a registry that could not be asked", () => {
  expect(runWith({ vulnerabilities: {} })).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^MIT +acorn /m),
    stderr: "",
  });
  expect(runWith({ vulnerabilities: { sinkhole: advisory } })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("It sinks"),
  });
  expect(runWith({ message: "405", statusCode: 405 })).toMatchObject({
    status: 2,
    stderr: "Advisories could not be checked: this registry has no audit (405).\n",
  });
  expect(runWith({ message: "405", statusCode: 405 }, ["--offline"])).toMatchObject({
    status: 0,
    stderr: "",
  });
});
