// A new attempt meets what else a task was started with.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstWords } from "../support/gates.ts";
import {
  beginTask,
  openIsolatedWorld,
  untilEnded,
  worktreesOf,
} from "../support/isolated-world.ts";
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
      { when: { anyUser: "another way" }, reply: { text: "Two.", delayMs: 1_500 } },
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
    expect((await task.ended()).result?.diff).toMatchObject({ files: 1 });
    expect(await firstWords(task)).toMatch(
      new RegExp(`"artifact":"artifacts/${taskId}.diff"[^]*only if it has been applied`),
    );
    expect((await world.bosun.diff(taskId, "stat")).stat).toMatchObject([{ path: "two.txt" }]);
    expect(await world.bosun.apply(taskId, 1)).toMatchObject({ paths: ["one.txt"] });
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
        { when: { anyUser: "half of it" }, reply: { text: "Never.", delayMs: 25_000 } },
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
