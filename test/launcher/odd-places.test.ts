// The tour and the server where nobody would expect them.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  symlinkSync,
} from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { isAlive, markOf } from "../../client/installation/processes.ts";
import { readProcesses } from "../../client/installation/run-file.ts";
import { liveUsers, liveWorkers } from "../../client/installation/users.ts";
import { newPlace, type Place, untilGone } from "./place.ts";

// Whole processes start here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const root = fileURLToPath(new URL("../..", import.meta.url));
const bosun = join(root, "bin", "bosun");

/** What git would bring, with the packages that are here. */
function cloneTo(folder: string): void {
  const left = new Set(["node_modules", ".git", ".bosun"]);
  cpSync(root, folder, {
    recursive: true,
    filter: (path) => !left.has(relative(root, path).split(sep)[0] ?? ""),
  });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
}

/** Nothing of this place runs any more. */
function expectNothingLeft({ folder }: Place): void {
  const dir = join(folder, ".bosun");
  expect(existsSync(dir)).toBe(true);
  expect(existsSync(join(dir, "run.json"))).toBe(false);
  expect([readProcesses(dir), liveUsers(dir), liveWorkers(dir)]).toEqual([{}, [], []]);
}

test("a clone in a path with spaces and other letters takes the tour, beside one that runs", async () => {
  const other = newPlace("other");
  const user = other.fixture("user.ts", []);
  await user.until(/\}\n/);
  const place = newPlace("clone");
  const clone = join(place.folder, "Bosun für später, 船員 (2)");
  cloneTo(clone);
  const env = { BOSUN_DIR: join(place.folder, ".bosun"), COLUMNS: "40" };
  const start = place.shell(`cd "${clone}" && npm start --silent -- --timeout 100 </dev/null`, env);
  expect({ code: await start.ended, err: start.err() }).toMatchObject({ code: 0 });
  expect(start.out()).toMatch(/^ {2}\/.*report\.md$/m);
  expectNothingLeft(place);
  expect(isAlive(user.mark)).toBe(true);
});

test("a reader that has seen enough ends the tour, and nothing of it is left", async () => {
  const place = newPlace("pipe");
  const env = { BOSUN_DIR: join(place.folder, ".bosun") };
  const start = place.shell("npm start </dev/null | head -n 3; exit ${PIPESTATUS[0]}", env);
  expect({ code: await start.ended, err: start.err() }).toMatchObject({ code: 0 });
  expect(start.out().trimEnd().split("\n")).toHaveLength(3);
  expect(start.err()).not.toMatch(/EPIPE|^\s+at /m);
  expectNothingLeft(place);
});

test.each([
  { name: "while the server starts", stage: /Starting the Temporal server/ },
  { name: "while the worker starts", stage: /worker/i },
  { name: "while tasks run", stage: /task \S+ running/ },
])("Ctrl-C $name ends the tour, and nothing of it is left", async ({ stage }) => {
  const place = newPlace("interrupted");
  const tour = place.bosun(["demo"]);
  await tour.until(stage);
  tour.signal("SIGINT");
  expect({ code: await tour.ended, err: tour.err() }).toMatchObject({ code: 130 });
  expect(tour.err()).toMatch(/Interrupted/);
  expectNothingLeft(place);
});

// A user whom the machine does not know: no name, no home, and nothing here belongs to them.
const stranger = "61234";
const asStranger = ["setpriv", `--reuid=${stranger}`, `--regid=${stranger}`, "--clear-groups"];
const [command = "", ...options] = asStranger;
const canBeTried =
  process.getuid?.() === 0 && spawnSync(command, [...options, bosun, "--help"]).status === 0;
if (!canBeTried) console.log("without root and a clone for all: a second user is not tried");

/** A folder of the owner with a home for the stranger. */
function shared() {
  const place = newPlace("shared");
  chmodSync(place.folder, 0o755);
  const home = join(place.folder, "home");
  mkdirSync(home);
  const program = join(home, basename(process.env["TEMPORAL_CLI"] ?? "temporal"));
  copyFileSync(process.env["TEMPORAL_CLI"] ?? "", program);
  for (const path of [home, program]) chownSync(path, Number(stranger), Number(stranger));
  const env = { TEMPORAL_CLI: program, TMPDIR: home, XDG_CACHE_HOME: undefined };
  return { place, home, env };
}

describe.skipIf(!canBeTried)("a second user of a clone that only its owner can write", () => {
  const commandLine = `${asStranger.join(" ")} "${bosun}"`;

  test.each([
    { name: "with a home", toEnv: (home: string) => ({ HOME: home }) },
    {
      name: "without a home, told where",
      toEnv: (home: string) => ({ HOME: "", BOSUN_DIR: join(home, "state") }),
    },
  ])("has a server of their own, $name", async ({ toEnv }) => {
    const { place, home, env } = shared();
    const owner = place.fixture("user.ts", []);
    await owner.until(/\}\n/);
    const own = { ...env, ...toEnv(home) };
    const down = async () => {
      const run = place.shell(`${commandLine} down --json`, own);
      return { code: await run.ended, err: run.err() };
    };
    onTestFinished(async () => void (await down()));
    const up = place.shell(`${commandLine} up --detach --json`, own);
    expect({ code: await up.ended, err: up.err() }).toMatchObject({ code: 0 });
    const { run: ours } = JSON.parse(owner.out());
    const server = markOf(ours.serverPid);
    const theirs = JSON.parse(up.out());
    expect(theirs.dir.startsWith(home)).toBe(true);
    expect(theirs.serverPid).not.toBe(ours.serverPid);
    const marks = [theirs.serverPid, theirs.modelPid, ...theirs.workerPids].map(markOf);
    expect(await down()).toMatchObject({ code: 0 });
    await untilGone(...marks);
    expect(server && isAlive(server)).toBe(true);
  });

  test("without a home and a folder that can be written is told what to set", async () => {
    const { place, env } = shared();
    const up = place.shell(`${commandLine} up`, { ...env, HOME: undefined });
    expect(await up.ended).toBe(1);
    expect(up.err()).toBe(
      `${place.folder} cannot be written, and there is no home in which to keep its state. Set BOSUN_DIR to a folder that can be written.\n`,
    );
  });
});
