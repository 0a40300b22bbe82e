// What goes wrong is said in a sentence, with what to do.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { checkModel } from "../../client/installation/check-model.ts";
import { newPlace } from "./place.ts";

// Whole processes start here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const rows = [
  {
    name: "a server that does not answer",
    args: ["up"],
    env: { TEMPORAL_ADDRESS: "127.0.0.1:9" },
    code: 1,
    says: /^Temporal does not answer at 127\.0\.0\.1:9: .* Check the address/m,
  },
  {
    name: "no server for a worker",
    args: ["worker"],
    env: {},
    code: 1,
    says: /There is no server to work for\. Start one with: bosun up/,
  },
  {
    name: "an installation name that cannot be one",
    args: ["up"],
    env: { BOSUN_INSTALLATION: "no spaces" },
    code: 2,
    says: /^BOSUN_INSTALLATION is set to "no spaces", which cannot be used/m,
  },
  {
    name: "a number that is none",
    args: ["up"],
    env: { BOSUN_GRACE_MS: "soon" },
    code: 2,
    says: /^BOSUN_GRACE_MS is set to "soon"/m,
  },
  {
    name: "a role nobody has",
    args: ["worker", "--roles", "models,cooks"],
    env: {},
    code: 2,
    says: /^BOSUN_ROLES names "cooks"/m,
  },
  {
    name: "a Temporal that is not there",
    args: ["up"],
    env: { TEMPORAL_CLI: "/nowhere/temporal" },
    code: 1,
    says: /TEMPORAL_CLI is set to \/nowhere\/temporal, which cannot be used/,
  },
];

test.each(rows)("$name", async ({ args, env, code, says }) => {
  const run = newPlace().bosun(args, env);
  expect(await run.ended).toBe(code);
  expect(run.err()).toMatch(says);
  expect(run.err()).not.toMatch(/^\s+at /m);
});

test("doctor is content where nothing runs", async () => {
  const run = newPlace().bosun(["doctor", "--json"]);
  expect(await run.ended).toBe(0);
  const { ok, checks } = JSON.parse(run.out());
  expect(ok).toBe(true);
  expect(checks).toContainEqual({
    name: "server",
    status: "ok",
    detail: "not running: npm start or bosun up",
  });
});

test("doctor sees a server without workers", async () => {
  const place = newPlace();
  const user = place.fixture("user.ts", []);
  await user.until(/\}\n/);
  const run = place.bosun(["doctor", "--json"]);
  expect(await run.ended).toBe(0);
  const { checks } = JSON.parse(run.out());
  const status = Object.fromEntries(
    checks.map(({ name, status: found }: { name: string; status: string }) => [name, found]),
  );
  expect(status).toMatchObject({
    server: "ok",
    namespace: "ok",
    retention: "ok",
    "search attributes": "ok",
    workers: "warn",
    janitor: "warn",
    ports: "ok",
    model: "ok",
  });
});

/** The address of an API that answers so. */
async function serve(answer: RequestListener): Promise<string> {
  const api = createServer(answer);
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void api.close());
  return `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
}

test("doctor fails when the key is refused", async () => {
  const url = await serve((_, response) => response.writeHead(401).end("{}"));
  const run = newPlace().bosun(["doctor"], {
    ANTHROPIC_API_KEY: "wrong",
    ANTHROPIC_BASE_URL: url,
  });
  expect(await run.ended).toBe(1);
  // Once, although two models were asked for.
  expect(run.out().match(/^fail {2}model .*refuses the key \(401\)$/gm)).toHaveLength(1);
  expect(run.out()).not.toContain("wrong");
});

test.each([
  { name: "a key", env: { ANTHROPIC_API_KEY: "sk-1" }, sent: "Bearer sk-1" },
  { name: "a token", env: { ANTHROPIC_AUTH_TOKEN: "t-1" }, sent: "Bearer t-1" },
  { name: "a server that needs neither", env: {}, sent: "Bearer none" },
])("doctor asks as a worker does, with $name", async ({ env, sent }) => {
  const seen = new Set<unknown>();
  const url = await serve(({ headers }, response) => {
    seen.add(headers.authorization);
    response.end("{}");
  });
  const prices = '{"one":{"input":1,"output":1}}';
  const checks = await checkModel({
    ...env,
    ANTHROPIC_BASE_URL: url,
    BOSUN_SUPERVISOR_MODEL: "one",
    BOSUN_TASK_MODEL: "one",
    BOSUN_PRICES: prices,
  });
  expect(checks).toEqual([{ name: "model", status: "ok", detail: `one at ${new URL(url).host}` }]);
  expect(seen).toEqual(new Set([sent]));
});
