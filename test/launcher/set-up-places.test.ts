// Set-up where something is missing.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test, vi } from "vitest";
// @ts-expect-error plain JavaScript without types
import { buildTemporal } from "../../scripts/set-up/build-temporal.mjs";
// @ts-expect-error plain JavaScript without types
import { cacheFolder } from "../../scripts/set-up/cache.mjs";
// @ts-expect-error plain JavaScript without types
import { showProgress } from "../../scripts/set-up/progress.mjs";
import { cleanEnv, newPlace } from "./place.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

afterEach(() => void vi.unstubAllEnvs());

function program(folder: string, name: string, lines: readonly string[]): string {
  mkdirSync(join(folder, "bin"), { recursive: true });
  const path = join(folder, "bin", name);
  writeFileSync(path, ["#!/bin/sh", ...lines, ""].join("\n"));
  chmodSync(path, 0o755);
  return join(folder, "bin");
}

function run(args: readonly string[], env: Readonly<Record<string, string | undefined>>) {
  return spawnSync(process.execPath, args, { cwd: root, env: cleanEnv(env), encoding: "utf8" });
}

const flags = "--db-filename --sqlite-pragma --search-attribute --dynamic-config-value";

test("who has a temporal on the PATH needs no folder for a cache", () => {
  const { folder } = newPlace();
  const bin = program(folder, "temporal", [`echo ${flags}`]);
  const cache = join(folder, "cache");
  const env = { TEMPORAL_CLI: undefined, PATH: bin, XDG_CACHE_HOME: cache };
  const { stdout } = run([join(root, "scripts/set-up.mjs"), "--check"], env);
  expect(JSON.parse(stdout).temporal).toEqual({ path: join(bin, "temporal"), skipped: [] });
  expect(existsSync(cache)).toBe(false);
});

test("the cache is the first folder that can be written, for this person only", () => {
  const { folder } = newPlace();
  writeFileSync(join(folder, "file"), "");
  const env = { XDG_CACHE_HOME: join(folder, "file"), HOME: folder };
  const cache = join(folder, ".cache", "bosun");
  expect(cacheFolder(env)).toBe(cache);
  expect(statSync(cache).mode & 0o077).toBe(0);
});

test("tests bring their own server, whatever TEMPORAL_ADDRESS says", () => {
  const env = { TEMPORAL_ADDRESS: "127.0.0.1:9", TEMPORAL_CLI: "/nowhere/temporal" };
  for (const script of ["test", "check", "bench"]) {
    const args = [join(root, "scripts", `${script}.mjs`), "no-such-test"];
    expect(run(args, env)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^TEMPORAL_CLI is set to \/nowhere\/temporal, which cannot/),
    });
  }
});

/** Builds with a Go that does as told. */
async function build(lines: readonly string[]) {
  const { folder } = newPlace();
  vi.stubEnv("PATH", `${program(folder, "go", lines)}:/usr/bin:/bin`);
  vi.stubEnv("PLACE", folder);
  const target = join(folder, "cache", "temporal-1", "temporal");
  mkdirSync(join(folder, "cache"));
  const order = { version: "1", program: "temporal", target, check: () => undefined };
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const failure: unknown = await buildTemporal(order).finally(() => vi.restoreAllMocks());
  return { folder, target, failure };
}

test("without a home Go keeps what it fetches beside the build, and nothing of it is left", async () => {
  const { folder, target, failure } = await build([
    'case "$*" in',
    "*GOVERSION) echo go1.26.0 ;;",
    '"env "*) echo off; echo ;;',
    '*) mkdir -p "$GOCACHE" "$GOPATH"; echo "$GOCACHE $GOPATH $GOFLAGS" >temporal ;;',
    "esac",
  ]);
  expect(failure).toBeUndefined();
  const partial = join(folder, "cache", `partial-${process.pid}`);
  expect(readFileSync(target, "utf8").trim()).toBe(
    `${partial}/GOCACHE ${partial}/GOPATH -mod=mod -modcacherw`,
  );
  expect(readdirSync(join(folder, "cache"))).toEqual(["temporal-1"]);
});

test("with a home Go keeps it where it always does", async () => {
  const { target } = await build([
    'case "$*" in',
    "*GOVERSION) echo go1.26.0 ;;",
    '"env "*) echo "$PLACE/a"; echo "$PLACE/b:$PLACE/c" ;;',
    '*) echo "${GOCACHE-unset} ${GOPATH-unset} $GOFLAGS" >temporal ;;',
    "esac",
  ]);
  expect(readFileSync(target, "utf8").trim()).toBe("unset unset -mod=mod");
});

test.each([
  {
    name: "does not run",
    lines: ["echo no loader >&2", "exit 3"],
    says: "go does not run (no loader)",
  },
  {
    name: "is too old",
    lines: ["echo go1.24.9"],
    says: "it needs 1.25 or later, here is go1.24.9",
  },
  {
    name: "cannot reach its modules",
    lines: [
      '[ "$2" = GOVERSION ] && echo go1.26.0 && exit',
      "echo 'dial tcp: no such host' >&2",
      "exit 1",
    ],
    says: "go build ended with code 1: dial tcp: no such host",
  },
])("a Go that $name is reported in its words", async ({ lines, says }) => {
  expect((await build(lines)).failure).toBe(`build with Go: ${says}`);
});

test("a Go that is not there is told apart", async () => {
  vi.stubEnv("PATH", "/nowhere");
  expect(await buildTemporal({})).toBe("build with Go: go is not installed");
});

test.each([40, 80, 200])("progress takes one row of a terminal of %i columns", (columns) => {
  const written: string[] = [];
  const { isTTY, columns: before } = process.stderr;
  Object.assign(process.stderr, { isTTY: true, columns });
  vi.spyOn(process.stderr, "write").mockImplementation((text) =>
    Boolean(written.push(String(text))),
  );
  const title =
    "Building Temporal with Go, once (123 modules downloaded, 456 packages compiled), ".repeat(2);
  const end = showProgress(() => title);
  const [drawn = ""] = written;
  end("done");
  vi.restoreAllMocks();
  Object.assign(process.stderr, { isTTY, columns: before });
  const row = drawn.replace("\r\x1b[2K", "");
  expect(row).toMatch(/^Building Temporal.* … 0 s$/);
  expect(row.length).toBeLessThan(columns);
  expect(written.at(-1)).toContain(`${title}: done`);
});
