// bosun up and bosun down, as a person runs them.
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { Installation } from "../../client/installation/installation.ts";
import { type Mark, markOf } from "../../client/installation/processes.ts";
import { readProcesses, readRun } from "../../client/installation/run-file.ts";
import { liveUsers, liveWorkers } from "../../client/installation/users.ts";
import { kill, newPlace, type Place, untilGone } from "./place.ts";

// Whole processes start here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

test("up serves until Ctrl-C, and then nothing of it is left", async () => {
  const place = newPlace();
  const up = place.bosun(["up", "--json"]);
  await up.until(/^\}$/m);
  const run = JSON.parse(up.out());
  const { dir } = place.installation();
  expect(run).toEqual({
    temporalAddress: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    namespace: "default",
    uiUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    serverPid: expect.any(Number),
    workerPids: [expect.any(Number)],
    dir,
    modelUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    modelPid: expect.any(Number),
    backend: "scripted",
  });
  expect(readRun(dir)).toEqual(run);
  const all = [run.serverPid, run.modelPid, ...run.workerPids].map(markOf);
  expect(all).not.toContain(undefined);
  up.signal("SIGINT");
  expect(await up.ended).toBe(0);
  await untilGone(...all);
  expect(existsSync(join(dir, "run.json"))).toBe(false);
});

test("up --detach stays until down, and another up --detach changes nothing", async () => {
  const place = newPlace();
  const first = place.bosun(["up", "--detach", "--json"]);
  expect(await first.ended).toBe(0);
  const run = JSON.parse(first.out());
  const again = place.bosun(["up", "--detach", "--json"]);
  expect(await again.ended).toBe(0);
  expect(JSON.parse(again.out())).toEqual(run);
  const down = place.bosun(["down", "--json"]);
  expect(await down.ended).toBe(0);
  expect(JSON.parse(down.out())).toEqual({
    users: [],
    workers: run.workerPids,
    serverPid: run.serverPid,
    modelPid: run.modelPid,
  });
  expect([run.serverPid, run.modelPid, ...run.workerPids].map(markOf)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  const nothing = place.bosun(["down"]);
  expect(await nothing.ended).toBe(0);
  expect(nothing.out()).toBe("Nothing was running here.\n");
});

/** The processes that have served, the newest last. */
function served({ dir }: Installation, keeper: Mark | undefined): readonly number[] {
  const log = readFileSync(join(dir, "logs", `worker-${keeper?.pid}.log`), "utf8");
  return [...log.matchAll(/"ready":true,"pid":(\d+)/g)].map(([, pid]) => Number(pid));
}

test.each([
  { name: "up", args: ["up"] },
  { name: "up --detach", args: ["up", "--detach"] },
])("after $name, a worker that dies is replaced, and ends with what keeps it", async ({ args }) => {
  const place = newPlace();
  const up = place.bosun(args);
  await up.until(/Bosun is up/);
  const installation = place.installation();
  const [keeper] = liveWorkers(installation.dir);
  const [first = 0] = served(installation, keeper);
  kill(markOf(first));
  const second = await vi.waitUntil(() => served(installation, keeper)[1], { timeout: 60_000 });
  expect(second).not.toBe(first);
  // Of one that has ended by itself it cannot be said what it ended with.
  const mark = markOf(second);
  expect(mark).toMatchObject({ pid: second });
  kill(keeper);
  await untilGone(mark);
});

test("up ends when its worker is not replaced any more, and names the log", async () => {
  const place = newPlace();
  const up = place.bosun(["up"]);
  await up.until(/Press Ctrl-C/);
  const { dir } = place.installation();
  const [keeper] = liveWorkers(dir);
  kill(keeper);
  expect(await up.ended).toBe(1);
  expect(up.err()).toContain(
    `The worker has ended, and is not replaced any more. Its log: ${join(dir, "logs", `worker-${keeper?.pid}.log`)}\n`,
  );
});

test("down ends a worker that hangs, too", async () => {
  const place = newPlace();
  expect(await place.bosun(["up", "--detach"]).ended).toBe(0);
  const installation = place.installation();
  const [pid = 0] = served(installation, liveWorkers(installation.dir)[0]);
  const worker = markOf(pid);
  expect(worker).toMatchObject({ pid });
  process.kill(pid, "SIGSTOP");
  expect(await place.bosun(["down"]).ended).toBe(0);
  await untilGone(worker);
});

test("after up --detach, no worker at all is missed by name of the remedy, and that brings another", async () => {
  const place = newPlace();
  expect(await place.bosun(["up", "--detach"]).ended).toBe(0);
  const { dir } = place.installation();
  const say = async (...args: string[]) => {
    const run = place.bosun(args);
    return { code: await run.ended, err: run.err() };
  };
  const well = { code: 0, err: "" };
  expect(await say("start", "--id", "one")).toEqual(well);
  const [first] = liveWorkers(dir);
  kill(first);
  await untilGone(first);
  const line = "(No worker runs, so nothing moves here. Start one: bosun up --detach)\n";
  expect(await say("tasks")).toEqual({ code: 0, err: line });
  expect(await say("start", "--id", "two")).toEqual({ code: 0, err: line });
  expect(await place.bosun(["up", "--detach"]).ended).toBe(0);
  expect(await say("tasks")).toEqual(well);
});

test("the worker of a killed up is ended by the next command", async () => {
  const place = newPlace();
  const up = place.bosun(["up"]);
  await up.until(/Press Ctrl-C/);
  const { dir } = place.installation();
  const [worker] = liveWorkers(dir);
  expect(worker?.pid).toBeGreaterThan(0);
  up.signal("SIGKILL");
  await untilGone(up.mark);
  const next = place.fixture("user.ts", []);
  await next.until(/\}\n/);
  await untilGone(worker);
  expect(JSON.parse(next.out())).toMatchObject({ attached: true, run: { workerPids: [] } });
});

/** A Temporal program whose server does not come to serve. */
function slowServer({ folder }: Place): string {
  const program = join(folder, "slow-temporal");
  const temporal = process.env["TEMPORAL_CLI"] ?? "";
  const script = `#!/bin/sh
case " $* " in *" --db-filename"*) exec sleep 600;; esac
exec "${temporal}" "$@"
`;
  writeFileSync(program, script);
  chmodSync(program, 0o755);
  return program;
}

test("Ctrl-C while it starts leaves nothing running", async () => {
  const place = newPlace();
  const up = place.bosun(["up"], { TEMPORAL_CLI: slowServer(place) });
  await up.until(/Starting the Temporal server/);
  up.signal("SIGINT");
  expect(await up.ended).toBe(130);
  const { dir } = place.installation();
  expect(liveUsers(dir)).toEqual([]);
  expect(readProcesses(dir)).toEqual({});
  expect(up.err()).toContain("Nothing was left running by this start.");
});

test("a key is written nowhere, and another backend is refused with the remedy", async () => {
  const place = newPlace();
  const key = "sk-ant-very-secret";
  const env = { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: "http://127.0.0.1:9" };
  const user = place.fixture("user.ts", [], env);
  await user.until(/\}\n/);
  expect(JSON.parse(user.out()).run).toMatchObject({
    backend: "127.0.0.1:9",
    modelPid: null,
    modelUrl: null,
  });
  const { dir } = place.installation();
  const files = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
  expect(files.length).toBeGreaterThan(5);
  expect(files.filter((content) => content.includes(key))).toEqual([]);
  const other = place.bosun(["up"]);
  expect(await other.ended).toBe(1);
  expect(other.err()).toContain(
    "Bosun runs here with the backend 127.0.0.1:9, and this start asks for scripted.",
  );
  expect(other.err()).toContain("bosun down");
});
