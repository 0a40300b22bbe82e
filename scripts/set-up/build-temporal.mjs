// The official Temporal command line, built with Go.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { isWritable } from "./cache.mjs";
import { placeProgram } from "./place-program.mjs";
import { showProgress } from "./progress.mjs";
import { runChild } from "./run-child.mjs";

const oldestGo = [1, 25];

/** Builds the released version to the target. Resolves to why it could not, or undefined. */
export async function buildTemporal(order) {
  const problem = goProblem();
  if (problem) return problem;
  let modules = 0;
  let packages = 0;
  const lines = [];
  const count = (line) => {
    if (line.startsWith("go: downloading")) modules += 1;
    else if (/^[\w.-]+(\/[\w.~-]+)*$/.test(line)) packages += 1;
    else lines.push(line);
  };
  const end = showProgress(
    () =>
      `Building Temporal ${order.version} with Go, once, about 3 minutes (${modules} modules downloaded, ${packages} packages compiled)`,
  );
  const failure = await placeProgram(order, async (folder) => {
    writeFileSync(join(folder, "go.mod"), goModule(order.version));
    const code = await runChild("go", goBuild(order), {
      cwd: folder,
      env: goEnvironment(folder),
      onLine: count,
    });
    return code === 0
      ? undefined
      : `go build ended with code ${code}: ${lines.slice(-5).join(" ")}`;
  });
  end(failure ? "failed" : "done");
  return failure && `build with Go: ${failure}`;
}

/**
 * The released version, with a later SQLite driver: after a query that was called off, the one it was
 * released with may answer everything else with `interrupted (9)` until the server is started again
 * (https://gitlab.com/cznic/sqlite/-/issues/241).
 */
const sqliteVersion = "1.44.3";

function goModule(version) {
  return `module bosun/temporal

go ${oldestGo.join(".")}

require (
	github.com/temporalio/cli v${version}
	modernc.org/sqlite v${sqliteVersion}
)
`;
}

/** The flags of the official build. */
function goBuild({ version, program }) {
  const stamp = `-s -w -X github.com/temporalio/cli/temporalcli.Version=${version}`;
  const command = "github.com/temporalio/cli/cmd/temporal";
  return ["build", "-v", "-o", program, "-ldflags", stamp, command];
}

/** Where a person has no home, what Go fetches and compiles goes to `folder`. */
function goEnvironment(folder) {
  const names = ["GOCACHE", "GOPATH"];
  const said = askGo(["env", ...names]).stdout?.split("\n") ?? [];
  const homeless = names.filter((_, index) => !hasPlace(said[index]));
  return {
    ...process.env,
    ...Object.fromEntries(homeless.map((name) => [name, join(folder, name)])),
    CGO_ENABLED: "0",
    // By itself Go leaves modules that cannot be removed.
    GOFLAGS: homeless.includes("GOPATH") ? "-mod=mod -modcacherw" : "-mod=mod",
    GOWORK: "off",
  };
}

function hasPlace(paths = "") {
  const [first] = paths.split(delimiter);
  return isAbsolute(first) && isWritable(first);
}

function askGo(args) {
  return spawnSync("go", args, { encoding: "utf8", timeout: 20_000 });
}

function goProblem() {
  const asked = askGo(["env", "GOVERSION"]);
  if (asked.error?.code === "ENOENT") return "build with Go: go is not installed";
  if (asked.error || asked.status !== 0) {
    return `build with Go: go does not run (${asked.error?.message ?? asked.stderr.trim()})`;
  }
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(asked.stdout) ?? [];
  const newer = Number(major) > oldestGo[0];
  if (newer || (Number(major) === oldestGo[0] && Number(minor) >= oldestGo[1])) return undefined;
  return `build with Go: it needs ${oldestGo.join(".")} or later, here is ${asked.stdout.trim()}`;
}
