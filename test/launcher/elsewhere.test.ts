// Workers in processes of their own, by role, and a person elsewhere.
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { needsScriptedModel, toBackend } from "../../client/installation/scripted-model.ts";
import { toApiKey } from "../../protocol/api-key.ts";
import { parseEnvironment, SettingsError } from "../../protocol/environment.ts";
import { openWorld, type World } from "../support/world.ts";
import { newPlace } from "./place.ts";

// Whole processes start here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

/** Passes requests on, and notes with which keys they came. */
async function noteKeys(target: string): Promise<{ url: string; keys: Set<unknown> }> {
  const keys = new Set<unknown>();
  const server = createServer((asked, answer) => {
    keys.add(asked.headers.authorization);
    const { method, headers } = asked;
    const passed = request(`${target}${asked.url}`, { method, headers }, (given) => {
      answer.writeHead(given.statusCode ?? 500, given.headers);
      given.pipe(answer);
    });
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, keys };
}

function toShared({ env, dir, installation }: World): Record<string, string> {
  return {
    TEMPORAL_ADDRESS: env["TEMPORAL_ADDRESS"] ?? "",
    BOSUN_INSTALLATION: installation,
    BOSUN_HOST: `host-${installation}`,
    BOSUN_BACKEND: "scripted",
    BOSUN_DIR: join(dir, ".bosun"),
  };
}

test("three workers by role serve a person whose command brings none and has no key", async () => {
  const world = await openWorld({ workers: false });
  onTestFinished(() => world.close());
  await world.model.script("elsewhere", [
    { when: { lastUser: "mark-elsewhere" }, reply: { text: "All three have had a hand in this." } },
  ]);
  const { url, keys } = await noteKeys(world.model.url);
  const place = newPlace();
  const key = join(place.folder, "key");
  writeFileSync(key, "sk-from-a-file\n");
  const shared = toShared(world);
  const start = (role: string, more = {}) => {
    const own = { BOSUN_ROLES: role, BOSUN_DIR: join(place.folder, role) };
    return place.bosun(["worker", "--json"], { ...shared, ...own, ...more });
  };
  const workers = [
    start("workflows"),
    start("models", { ANTHROPIC_API_KEY_FILE: key, ANTHROPIC_BASE_URL: url }),
    start("tools"),
  ];
  await Promise.all(workers.map((worker) => worker.until(/"ready":true/)));
  const elsewhere = { ...shared, BOSUN_ROLES: "none" };
  const line = `./bin/bosun chat --workspace "${world.workspace}" <<<"mark-elsewhere: who is there?"`;
  const chat = place.shell(line, elsewhere);
  expect({ code: await chat.ended, err: chat.err() }).toMatchObject({ code: 0 });
  expect(chat.out()).toContain("All three have had a hand in this.");
  expect(chat.err()).not.toMatch(/Starting a worker|scripted model/);
  expect(keys).toEqual(new Set(["Bearer sk-from-a-file"]));
  for (const worker of workers) worker.signal("SIGTERM");
  expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual([0, 0, 0]);
});

test("doctor in a worker's environment fails when nobody polls the queues of its roles", async () => {
  const world = await openWorld({ workers: false });
  onTestFinished(() => world.close());
  await world.startWorkers({ BOSUN_ROLES: "workflows,models" });
  mkdirSync(toShared(world)["BOSUN_DIR"] ?? "", { recursive: true });
  const place = newPlace();
  const ask = async (role: string) => {
    // What is wrong with a program that nobody needs there is not told.
    const unneeded = { TEMPORAL_CLI: "/nowhere/temporal" };
    const run = place.bosun(["doctor"], { ...toShared(world), ...unneeded, BOSUN_ROLES: role });
    return { code: await run.ended, out: run.out() };
  };
  const well = await ask("workflows");
  expect(well).toMatchObject({ code: 0, out: expect.stringMatching(/all 2 task queues/) });
  expect(well.out).toMatch(/^ok {4}model .*called by other workers, at scripted$/m);
  const missing = await ask("tools");
  expect(missing.code).toBe(1);
  expect(missing.out).toMatch(/^fail {2}workers .*nobody polls bosun-tools-\S+$/m);
});

test("a worker that is to serve nothing says so", async () => {
  const world = await openWorld({ workers: false });
  onTestFinished(() => world.close());
  const run = newPlace().bosun(["worker"], { ...toShared(world), BOSUN_ROLES: "none" });
  expect(await run.ended).toBe(2);
  expect(run.err()).toMatch(/BOSUN_ROLES is none, so there is nothing to serve/);
});

test("where workers run elsewhere nobody needs a scripted model, and the backend is theirs", () => {
  expect(needsScriptedModel({})).toBe(true);
  expect(needsScriptedModel({ ANTHROPIC_API_KEY_FILE: "/key" })).toBe(false);
  for (const roles of ["none", "tools", "workflows,tools"]) {
    expect(needsScriptedModel({ BOSUN_ROLES: roles })).toBe(false);
    expect(toBackend({ BOSUN_ROLES: roles })).toBe("api.anthropic.com");
  }
  expect(toBackend({ BOSUN_ROLES: "none", BOSUN_BACKEND: "proxy" })).toBe("proxy");
});

test("a key comes from one place: the variable or the file", () => {
  const twice = { ANTHROPIC_API_KEY: "a", ANTHROPIC_API_KEY_FILE: "/key" };
  expect(() => parseEnvironment(twice)).toThrow(/are both set\. Unset one of them\.$/);
  const { model } = parseEnvironment({ ANTHROPIC_API_KEY_FILE: "/key" });
  expect(model).not.toHaveProperty("apiKey");
  expect(toApiKey(model, (path) => `${path}-content\n`)).toBe("/key-content");
  expect(toApiKey(parseEnvironment({ ANTHROPIC_API_KEY: "a" }).model, () => "b")).toBe("a");
});

test.each([
  { name: "is empty", text: "\n", says: /^\/key, .* is empty\. Write the key into it/ },
  { name: "holds more than a key", text: "KEY=a\nb", says: /^\/key, .* holds more than a key/ },
])("a key file that $name is refused, and its content is not told", ({ text, says }) => {
  const { model } = parseEnvironment({ ANTHROPIC_API_KEY_FILE: "/key" });
  expect(() => toApiKey(model, () => text)).toThrow(SettingsError);
  expect(() => toApiKey(model, () => text)).toThrow(says);
});

test("a key file that is not there is named, with what to do", async () => {
  const env = { ANTHROPIC_API_KEY_FILE: "/nowhere/key" };
  const run = newPlace().bosun(["doctor"], env);
  expect(await run.ended).toBe(1);
  expect(run.out()).toMatch(/^fail {2}model .*\/nowhere\/key, which ANTHROPIC_API_KEY_FILE names/m);
});
