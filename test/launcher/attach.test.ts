// Several commands, one server.
import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { findRunning } from "../../client/installation/find-running.ts";
import { isAlive, markOf } from "../../client/installation/processes.ts";
import { readProcesses } from "../../client/installation/run-file.ts";
import { takeDown } from "../../client/installation/take-down.ts";
import { liveUsers } from "../../client/installation/users.ts";
import { cleanEnv, newPlace, type Place, type Running, untilGone } from "./place.ts";

// Whole processes start here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const answer = z.object({
  attached: z.boolean(),
  run: z.object({ temporalAddress: z.string(), serverPid: z.int(), modelPid: z.int() }),
});

async function use(place: Place) {
  const user = place.fixture("user.ts", []);
  return { user, ...(await joined(user)) };
}

async function joined(user: Running) {
  await user.until(/\}\n/);
  return answer.parse(JSON.parse(user.out()));
}

async function leave(user: Running): Promise<void> {
  user.signal("SIGTERM");
  expect(await user.ended).toBe(0);
}

test("two that start at once share one server, and the last one to leave stops it", async () => {
  const place = newPlace();
  const users = [place.fixture("user.ts", []), place.fixture("user.ts", [])] as const;
  const [a, b] = await Promise.all([joined(users[0]), joined(users[1])]);
  expect(a.attached).toBe(!b.attached);
  expect(b.run).toEqual(a.run);
  const { dir } = place.installation();
  expect(liveUsers(dir)).toHaveLength(2);
  const { server, model } = readProcesses(dir);
  await leave(users[0]);
  expect(server && isAlive(server)).toBe(true);
  await leave(users[1]);
  await untilGone(server, model);
  expect(existsSync(join(dir, "run.json"))).toBe(false);
});

test("a killed user is forgotten, and what it left running is joined", async () => {
  const place = newPlace();
  const killed = await use(place);
  killed.user.signal("SIGKILL");
  await untilGone(killed.user.mark);
  const next = await use(place);
  expect(next.attached).toBe(true);
  expect(next.run.serverPid).toBe(killed.run.serverPid);
  const { dir } = place.installation();
  expect(liveUsers(dir).map(({ mark }) => mark)).toEqual([next.user.mark]);
  const server = markOf(next.run.serverPid);
  await leave(next.user);
  await untilGone(server);
});

test("a killed server is replaced, and its conversations are kept", async () => {
  const place = newPlace();
  const first = await use(place);
  process.kill(first.run.serverPid, "SIGKILL");
  await untilGone(markOf(first.run.serverPid));
  expect(await findRunning(place.installation(), cleanEnv())).toBeUndefined();
  const next = await use(place);
  expect(next.attached).toBe(false);
  expect(next.run.serverPid).not.toBe(first.run.serverPid);
});

test("a scripted model that ended is started again where workers look for it", async () => {
  const place = newPlace();
  const first = await use(place);
  process.kill(first.run.modelPid, "SIGKILL");
  await untilGone(markOf(first.run.modelPid));
  const next = await use(place);
  expect(next.attached).toBe(true);
  expect(next.run.modelPid).not.toBe(first.run.modelPid);
  expect({ ...next.run, modelPid: 0 }).toEqual({ ...first.run, modelPid: 0 });
});

test("taken ports are left alone", async () => {
  await Promise.all([occupy(7233), occupy(8233)]);
  const place = newPlace();
  const { run } = await use(place);
  expect(run.temporalAddress).not.toBe("127.0.0.1:7233");
  expect(await findRunning(place.installation(), cleanEnv())).toMatchObject(run);
});

test("down asks the users to leave and ends what is left", async () => {
  const place = newPlace();
  const { user, run } = await use(place);
  const stopped = await takeDown(place.installation().dir);
  expect(stopped).toEqual({
    users: [user.mark.pid],
    workers: [],
    serverPid: run.serverPid,
    modelPid: run.modelPid,
  });
  expect(await user.ended).toBe(0);
  expect(markOf(run.serverPid)).toBeUndefined();
});

const triesMs = 30_000;

/** Takes a port, as soon as nobody else has it. Who keeps it for so long keeps it for the test, too. */
async function occupy(port: number): Promise<void> {
  const server: Server = createServer();
  const isTaken = () =>
    new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
  const end = Date.now() + triesMs;
  while (!(await isTaken()) && Date.now() < end) await sleep(100);
  onTestFinished(() => void server.close());
}
