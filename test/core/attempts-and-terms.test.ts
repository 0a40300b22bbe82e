// A new attempt meets what else a task was started with.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SupervisorHandle } from "../../client/index.ts";
import {
  callTools,
  firstWords,
  openGates,
  start,
  startTasks,
  tellCalls,
} from "../support/gates.ts";
import { runBosun } from "../client/terminal.ts";
import {
  beginTask,
  openIsolatedWorld,
  untilEnded,
  worktreesOf,
} from "../support/isolated-world.ts";
import { addAgent } from "../support/add-agent.ts";
import { until, untilFeed, type World } from "../support/world.ts";

const write = (path: string) => ({
  toolCalls: [{ name: "write_file", input: { path, content: "written\n" } }],
});

describe("a new attempt of an isolated task", () => {
  let world: World;
  beforeAll(async () => {
    world = await openIsolatedWorld();
  });
  afterAll(() => world.close());

  const inWorkspace = (path: string): string => join(world.workspace, path);

  test("has a worktree of its own, is told where the old changes are, and leaves the old diff to be applied", async () => {
    const mark = "att-iso";
    const begun = await beginTask(world, mark, { subagent_type: "apart" }, [
      { when: { lastUser: "another way" }, reply: write("two.txt") },
      { when: { anyUser: "another way" }, reply: { text: "Two.", until: mark } },
      { when: { assistantTurns: 0 }, reply: write("one.txt") },
      { when: {}, reply: { text: "One." } },
    ]);
    const { taskId } = begun.task;
    const task = begun.supervisor.task(taskId);
    await untilEnded(begun);
    await task.retry("another way");
    await until("its write", async () => (await task.view()).turn === 1);
    // While it works, and after it.
    await expect(world.bosun.diff(taskId)).rejects.toThrow(/--attempt 1/);
    const old = await world.bosun.diff(taskId, undefined, 1);
    expect(old.data.toString()).toContain("one.txt");
    await world.model.release(mark);
    expect((await task.ended()).result?.diff).toMatchObject({ files: 1 });
    expect(await firstWords(task)).toMatch(
      new RegExp(`"artifact":"artifacts/${taskId}.diff"[^]*only if it has been applied`),
    );
    expect((await world.bosun.diff(taskId, "stat")).stat).toMatchObject([{ path: "two.txt" }]);
    const where = { env: world.env, cwd: world.dir };
    const ran = await runBosun(["diff", taskId, "--attempt", "1", "--stat"], where);
    expect(ran.out).toContain("one.txt  +1 -0");
    const applied = await runBosun(["apply", taskId, "--attempt", "1"], where);
    expect(applied.out).toContain("one.txt");
    expect(await world.bosun.apply(taskId)).toMatchObject({ paths: ["two.txt"] });
    await expect(world.bosun.diff(taskId, "stat", 3)).rejects.toMatchObject({ code: "unknown" });
    await until("no worktree", async () => worktreesOf(world).length === 0);
    await begun.supervisor.end();
  });

  test("that is terminated leaves its half diff, and its supervisor reads the diff of either attempt", async () => {
    const mark = "att-kill";
    const id = "{{json:start_async_task:task_id}}";
    const begun = await beginTask(
      world,
      mark,
      { subagent_type: "apart" },
      [
        { when: { lastUser: "the rest" }, reply: { text: "Three." } },
        { when: { lastUser: "half of it" }, reply: write("half.txt") },
        { when: { anyUser: "half of it" }, reply: { text: "Never.", until: "never" } },
        { when: { assistantTurns: 0 }, reply: write("whole.txt") },
        { when: {}, reply: { text: "One." } },
      ],
      [
        {
          when: { system: "^# chief", anyUser: `go ${mark}`, lastUser: "^read both" },
          reply: {
            toolCalls: [
              { name: "read_diff", input: { task_id: id, attempt: 1 } },
              { name: "read_diff", input: { task_id: id } },
            ],
          },
        },
      ],
    );
    const task = begun.supervisor.task(begun.task.taskId);
    await untilEnded(begun);
    await task.retry("half of it");
    await until("its write", async () => (await task.view()).turn === 1);
    await world.bosun.client.workflow.getHandle(await task.workflowId()).terminate("by hand");
    await untilFeed(
      begun.supervisor,
      ({ event }) =>
        event.type === "task" &&
        event.phase.status === "failed" &&
        event.phase.reason === "terminated",
    );
    await begun.supervisor.ask("read both");
    const said = JSON.stringify((await begun.supervisor.transcript()).messages);
    expect(said).toMatch(/diff of \S+ from commit[^"]*whole\.txt/);
    expect(said).toMatch(/diff of \S+-2 from commit[^"]*half\.txt/);
    await until("no worktree", async () => worktreesOf(world).length === 0);
    expect(existsSync(inWorkspace("half.txt"))).toBe(false);
    await task.retry("the rest");
    await task.ended();
    expect(await firstWords(task)).toContain(`artifacts/${begun.task.taskId}-2.diff`);
    await begun.supervisor.end();
  });
});

describe("a new attempt", () => {
  let world: World;
  let supervisor: SupervisorHandle;
  beforeAll(async () => {
    world = await openGates();
    await addAgent(world, "frugal", "tools: list_files\nbudget:\n  outputTokens: 900");
    await addAgent(world, "measured", "tools: list_files\nbudget:\n  turns: 9");
    await world.model.script("attempts", [
      {
        when: { system: "^# researcher", anyUser: "^~mended first", lastUser: "\\[retry" },
        reply: { text: "Mended after all.", until: "mend" },
      },
      {
        when: { system: "^# researcher", anyUser: "^~mended", lastUser: "\\[retry" },
        reply: { text: "Mended after all." },
      },
      { when: { system: "^# researcher", anyUser: "^~mended" }, reply: { stopReason: "refusal" } },
      {
        when: { system: "^# researcher", anyUser: "^~says" },
        reply: { text: "Said with results." },
      },
    ]);
    supervisor = await world.start("hello");
  });
  afterAll(() => world.close());

  const startOne = async (description: string, options: object = {}): Promise<string> => {
    const [id] = await startTasks(world, supervisor, [start(description, options)]);
    return id!;
  };

  test("of a dependency lets those that failed for it be tried again, each after it and with its result", async () => {
    const first = await startOne("~mended first");
    const second = await startOne("~says second", { depends_on: [first] });
    const third = await startOne("~says third", { depends_on: [second] });
    expect((await world.bosun.task(third).ended()).reason).toBe("dependency");
    const task = world.bosun.task(second);
    await expect(task.retry()).rejects.toMatchObject({
      code: "refused",
      message: expect.stringMatching(`depends on ${first} \\(failed\\).*bosun retry ${first}`),
    });
    await world.bosun.task(first).retry("once more");
    await task.retry();
    expect((await task.view()).status).toBe("queued");
    await world.bosun.task(third).retry();
    await world.model.release("mend");
    expect(await world.bosun.task(third).ended()).toMatchObject({
      status: "completed",
      attempt: 2,
    });
    expect(await firstWords(task)).toMatch(/dependency_results[^]*Mended after all/);
    expect(await firstWords(world.bosun.task(third))).toMatch(
      /dependency_results[^]*Said with results/,
    );
    expect((await task.view()).dependsOn).toEqual([first]);
  });

  test("may spend no more than the first one might, by its start and by its agent's file", async () => {
    await world.model.script("frugal", [
      { when: { system: "^# frugal" }, reply: { text: "Said." } },
    ]);
    const id = await startOne("spend little", { subagent_type: "frugal", budget: { turns: 9 } });
    const task = world.bosun.task(id);
    await task.ended();
    const { budget } = await task.budget();
    expect(budget).toEqual({ turns: 9, outputTokens: 900 });
    await task.retry();
    await task.ended();
    expect((await task.budget()).budget).toEqual(budget);
    expect((await task.budget()).pool).toMatchObject(budget);
  });

  test("keeps the model and the budget that a person set for the one before", async () => {
    await world.model.script("measured", [
      {
        when: { system: "^# measured", anyUser: "spend more", lastUser: "enough" },
        reply: { text: "Said." },
      },
      {
        when: { system: "^# measured", anyUser: "spend more", assistantTurns: 1 },
        reply: { toolCalls: [{ name: "list_files" }], until: "measured" },
      },
      {
        when: { system: "^# measured", anyUser: "spend more" },
        reply: { toolCalls: [{ name: "list_files" }] },
      },
    ]);
    const id = await startOne("spend more", { subagent_type: "measured" });
    const task = world.bosun.task(id);
    await until("its first turn", async () => (await task.view()).turn > 0);
    await task.set({ model: "sonnet" });
    await task.setBudget({ turns: 40, outputTokens: 50_000 });
    await task.steer("enough");
    await world.model.release("measured");
    await task.ended();
    const raised = { turns: 40, outputTokens: 50_000 };
    expect((await task.budget()).budget).toEqual(raised);
    await task.retry("enough");
    await task.ended();
    expect((await task.budget()).budget).toEqual(raised);
    expect((await task.transcript()).header?.model).toBe("claude-sonnet-5-5");
  });

  test("hears of an event that had come and that nobody waited for yet", async () => {
    const id = await startOne("~slow but told");
    const task = world.bosun.task(id);
    await until("its call", async () => (await task.look()).live);
    await task.event("built", { ok: true });
    await task.cancel("enough");
    await task.ended();
    await task.retry("again");
    const words = await until("its first words", async () => {
      const found = await firstWords(task);
      return found.includes("[retry") && found;
    });
    expect(words).toMatch(/"name":"built"[^]*\{\\"ok\\":true\}/);
    await task.cancel("enough");
    await task.ended();
  });

  test("is waited for, and depended on, by the id of any attempt", async () => {
    const first = await startOne("~mended any");
    await world.bosun.task(first).ended();
    await world.bosun.task(first).retry("once more");
    await world.bosun.task(first).ended();
    const [waited] = await callTools(world, supervisor, [
      { name: "wait_for_async_tasks", input: { task_ids: [`${first}-2`] } },
    ]);
    expect(waited?.text).toMatch(new RegExp(`"task_id":"${first}"[^]*Mended after all`));
    const next = await startOne("~says next", { depends_on: [`${first}-2`] });
    expect((await world.bosun.task(next).ended()).status).toBe("completed");
  });

  test("that is begun while its supervisor waits for others is waited for too", async () => {
    const first = await startOne("~mended during");
    const gate = await startOne("~gate during");
    await world.bosun.task(first).ended();
    await tellCalls(world, supervisor, [
      { name: "wait_for_async_tasks", input: { task_ids: [first, gate], mode: "all" } },
    ]);
    await until("the wait", async () => (await supervisor.status()).status === "waiting");
    await world.bosun.task(first).retry("once more");
    await world.bosun.task(gate).event("go");
    await world.bosun.task(first).ended();
    const said = await until("the answer", async () => {
      const { messages } = await supervisor.transcript();
      const results = messages.flatMap(({ content }) =>
        content.flatMap((block) =>
          block.type === "tool_result" ? [JSON.stringify(block.content)] : [],
        ),
      );
      return results.find((text) => text.includes("Passed the gate"));
    });
    expect(said).toMatch(/ended[^[]+\[.*Mended after all/);
  });
});
