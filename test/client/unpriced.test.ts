// A model whose price nobody knows: counted in tokens, and said.
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkModel } from "../../client/installation/check-model.ts";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";
import { type Ran, runBosun } from "./terminal.ts";

const model = "claude-opus-4-8";

let world: World;
beforeAll(async () => {
  world = await openWorld({
    env: { BOSUN_BACKEND: "models.test", BOSUN_SUPERVISOR_MODEL: model, BOSUN_TASK_MODEL: model },
  });
  await world.model.script("unpriced", [
    { when: { anyUser: "^unpriced" }, reply: { text: "Answered." } },
  ]);
});
afterAll(() => world.close());

const bosun = (...args: readonly string[]): Promise<Ran> =>
  runBosun(args, { env: world.env, cwd: world.workspace });

async function begin(...limits: readonly string[]): Promise<{ id: string; err: string }> {
  const ran = await bosun("start", ...limits, "--json", "unpriced");
  expect(ran.code).toBe(0);
  return { id: (ran.json() as { id: string }).id, err: ran.err };
}

test("a limit in US dollars is said to count nothing, at the start and in the feed, once each", async () => {
  const { id, err } = await begin("--usd", "5");
  expect(
    err.match(/price of claude-opus-4-8 is not known, so --usd does not limit it/g),
  ).toHaveLength(1);
  const supervisor = world.bosun.supervisor(id);
  await untilFeed(
    supervisor,
    ({ event }) => event.type === "budget" && event.text.startsWith(`The price of ${model} is not`),
  );
  expect(await supervisor.ask("unpriced again")).toBe("Answered.");
  const { entries } = await until("the feed", () => supervisor.feed());
  expect(entries.filter(({ event }) => event.type === "budget")).toHaveLength(1);
});

test("tokens count as ever, and every sum in dollars says that it is not known", async () => {
  const { id, err } = await begin();
  expect(err).toBe("");
  const supervisor = world.bosun.supervisor(id);
  await untilReply(supervisor, "Answered");
  await until("its memo", async () => (await supervisor.status()).usage.calls === 1);
  const { out } = await bosun("budget", id);
  expect(out).toMatch(/1 call, .* in .* out, price unknown/);
  expect(out.replaceAll(/\s+/g, " ")).toContain(`The price of ${model} is not known: tokens only.`);
  const { report, total } = (await bosun("budget", id, "--json")).json() as {
    report: { unpriced: string; spent: { usage: { outputTokens: number } } };
    total: { usage: { usd: number | null } };
  };
  expect(report.unpriced).toBe(model);
  expect(report.spent.usage.outputTokens).toBeGreaterThan(0);
  expect(total.usage.usd).toBeNull();
});

test("doctor warns, and is content when BOSUN_PRICES has it", async () => {
  const prices = JSON.stringify({ [model]: { input: 1, output: 2 } });
  const named = async (env: typeof world.env) =>
    (await checkModel(env)).filter(({ name }) => name === "price");
  expect(await named(world.env)).toMatchObject([{ status: "warn" }]);
  expect(await named({ ...world.env, BOSUN_PRICES: prices })).toEqual([]);
});
