// Budgets on the command line.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseEnvironment } from "../../protocol/environment.ts";
import { toCost, toPriceTable, toUsd } from "../../protocol/prices.ts";
import { publicPrices } from "../../protocol/models.ts";
import { noUsage } from "../../protocol/turn.ts";
import { handOut } from "../support/spending.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";
import { documentedBy } from "./documented-json.ts";
import { runBosun } from "./terminal.ts";

let world: World;
let supervisorId = "";
let taskId = "";
const bosun = (...args: readonly string[]) => runBosun(args, { env: world.env, cwd: world.dir });

beforeAll(async () => {
  world = await openWorld({ env: { BOSUN_MODEL_HEARTBEAT_MS: "30000" } });
  await world.model.script("client-budget", [
    ...handOut("client-budget", { budget: { output_tokens: 50_000 } }),
    {
      when: { system: "^# researcher", anyUser: "client-budget-task" },
      reply: { text: "Looked.", delayMs: 250_000 },
    },
  ]);
  const limits = ["--tokens", "100000", "--usd", "2.5"];
  const where = ["--workspace", world.workspace];
  const ran = await bosun("start", ...where, ...limits, "--json", "go client-budget");
  supervisorId = (ran.json() as { id: string }).id;
  const supervisor = world.bosun.supervisor(supervisorId);
  await untilReply(supervisor, "Heard");
  const task = await until("the task", async () =>
    (await supervisor.tasks()).find(({ status }) => status === "running"),
  );
  taskId = task.taskId;
  // What it has used is in its memo at the end of the turn.
  await until("both calls", async () => (await supervisor.status()).usage.calls >= 2);
});
afterAll(() => world.close());

interface Shown {
  readonly report: { readonly budget: object; readonly pool: object };
  readonly tasks: readonly { readonly taskId: string; readonly lease: object }[];
  readonly total: { readonly usage: { readonly calls: number } };
  readonly set: object | null;
}

const documentedJson = documentedBy(bosun)<Shown>;

describe("bosun budget", () => {
  it("shows what a supervisor was started with, its tasks and their leases", async () => {
    const shown = await documentedJson("budget", supervisorId);
    const budget = { turns: null, outputTokens: 100_000, usd: 2.5, tasks: 200 };
    expect(shown.report).toMatchObject({ budget, pool: budget });
    expect(shown.set).toBeNull();
    expect(shown.tasks).toMatchObject([{ taskId, lease: { tasks: 0, usd: 0.45 } }]);
    expect(shown.total.usage.calls).toBeGreaterThanOrEqual(2);
    const { out } = await bosun("budget", supervisorId);
    expect(out).toMatch(/output tokens +100,000/);
    expect(out).toMatch(/researcher \(1\)/);
    expect(out).toContain(taskId);
  });

  it("shows a task's own limits beside its lease", async () => {
    const { report } = await documentedJson("budget", taskId);
    expect(report.budget).toEqual({ turns: null, outputTokens: 50_000, usd: null, tasks: null });
    expect(report.pool).toMatchObject({ outputTokens: expect.any(Number), usd: 0.45, tasks: 0 });
  });

  it("sets limits, and takes them away", async () => {
    const raised = await documentedJson("budget", supervisorId, "--usd", "10", "--turns", "500");
    expect(raised.set).toEqual({ turns: 500, outputTokens: null, usd: 10, tasks: null });
    expect(raised.report.budget).toMatchObject({ turns: 500, outputTokens: 100_000, usd: 10 });
    const freed = await documentedJson("budget", supervisorId, "--turns", "none");
    expect(freed.report.budget).toMatchObject({ turns: null, usd: 10 });
  });

  it.each([
    ["--tokens", "many"],
    ["--turns", "1.5"],
    ["--usd", "0"],
    ["--tokens", "-5"],
  ])("refuses %s %s and says what it takes", async (flag, value) => {
    const ran = await bosun("budget", supervisorId, flag, value);
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/Give a (whole )?number/);
  });
});

it("the tasks of one tree come with what all of it used", async () => {
  const { total } = await documentedJson("tasks", supervisorId);
  expect(total.usage.calls).toBeGreaterThanOrEqual(2);
});

describe("prices", () => {
  const tokens = { ...noUsage, inputTokens: 1_000_000, outputTokens: 1_000_000 };

  it("make a call cost what the list says, long prompts included", () => {
    expect(toUsd("api", publicPrices["claude-opus-5-5"], tokens)).toBe(24);
    expect(toUsd("api", publicPrices["claude-haiku-5-5"], tokens)).toBe(3);
    const short = { ...noUsage, inputTokens: 1_000, cacheReadTokens: 1_000 };
    expect(toCost({ input: 10, output: 50 }, short)).toBeCloseTo(0.02, 12);
  });

  it("are null where there is none, and nothing when scripted", () => {
    expect(toUsd("api", undefined, tokens)).toBeNull();
    expect(toUsd("scripted", undefined, tokens)).toBe(0);
    expect(toPriceTable("scripted", {})).toEqual({});
  });

  it("are added to by BOSUN_PRICES, which is checked", () => {
    const set = { "my-model": { input: 1, output: 2 } };
    expect(parseEnvironment({ BOSUN_PRICES: JSON.stringify(set) }).prices).toEqual(set);
    for (const wrong of ["{", '{"m":{"input":1}}', '{"m":{"input":-1,"output":1}}']) {
      expect(() => parseEnvironment({ BOSUN_PRICES: wrong })).toThrow(
        /BOSUN_PRICES cannot be used/,
      );
    }
  });
});
