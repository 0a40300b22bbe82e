// Worktrees and diffs in the moments where something else happens.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  agents,
  beginTask,
  openIsolatedWorld,
  untilEnded,
  worktreesOf,
} from "../support/isolated-world.ts";
import type { Rule } from "../support/scripted-model.ts";
import { newSlowGit, type SlowGit } from "../support/slow-git.ts";
import { openStuckHost } from "../support/stuck-host.ts";
import { until, untilReply, type World } from "../support/world.ts";
import { commitAll, git, newRepository } from "../tools/repository.ts";

let slow: SlowGit;
let world: World;
beforeAll(async () => {
  slow = await newSlowGit();
  // Everybody rolls after each turn.
  world = await openIsolatedWorld({ env: { PATH: slow.path, BOSUN_ROLL_AFTER_TURNS: "1" } });
});
afterAll(() => world.close());

const write = (path: string) => ({
  toolCalls: [{ name: "write_file", input: { path, content: "written\n" } }],
});
const writesOnce = (path: string): readonly Rule[] => [
  { when: { assistantTurns: 0 }, reply: write(path) },
  { when: {}, reply: { text: "Done." } },
];

/** Neither a folder, nor a record of git, nor a note of one that is being made. */
async function untilNothingIsLeft(where: World): Promise<void> {
  await until("nothing left", async () => {
    const known = git(where.workspace, "worktree", "list").trim().split("\n");
    const names = readdirSync(join(where.dir, ".bosun/worktrees"));
    const rest = names.filter((name) => !name.endsWith(".json"));
    return worktreesOf(where).length === 0 && known.length === 1 && rest.length === 0;
  });
}

test("a task keeps its worktree over rolls of its own and of its supervisor", async () => {
  const begun = await beginTask(world, "im-roll", { subagent_type: "apart" }, [
    { when: { assistantTurns: 0 }, reply: write("r1.txt") },
    { when: { assistantTurns: 1 }, reply: write("r2.txt") },
    { when: {}, reply: { text: "Done." } },
  ]);
  await begun.supervisor.ask("and one?");
  expect((await untilEnded(begun)).result?.diff).toMatchObject({ files: 2 });
  await untilNothingIsLeft(world);
  expect(await world.bosun.apply(begun.task.taskId)).toMatchObject({ outcome: "applied" });
  commitAll(world.workspace);
  await begun.supervisor.end();
});

test("a task that is cancelled while its worktree is being made leaves none", async () => {
  slow.hold("worktree add");
  const begun = await beginTask(world, "im-make", { subagent_type: "apart" }, writesOnce("m.txt"));
  await until("git at work", async () => slow.hasBegun());
  await begun.supervisor.task(begun.task.taskId).cancel("enough");
  slow.hurry();
  expect((await untilEnded(begun)).status).toBe("cancelled");
  await untilNothingIsLeft(world);
  await begun.supervisor.end();
});

test("a task that is cancelled while its diff is being taken hands it over", async () => {
  const begun = await beginTask(world, "im-take", { subagent_type: "apart" }, [
    { when: { assistantTurns: 0 }, reply: write("t.txt") },
    { when: {}, reply: { text: "Done.", until: "im-take" } },
  ]);
  const task = begun.supervisor.task(begun.task.taskId);
  await until("its last call", async () => {
    const { live, view } = await task.look();
    return live !== undefined && view.turn === 1;
  });
  slow.hold("add --all");
  await world.model.release("im-take");
  await until("git at work", async () => slow.hasBegun());
  await begun.supervisor.task(begun.task.taskId).cancel("enough");
  slow.hurry();
  const { status, result } = await untilEnded(begun);
  expect([status, result?.diff?.files]).toEqual(["cancelled", 1]);
  expect((await world.bosun.diff(begun.task.taskId)).data.toString()).toContain("t.txt");
  await untilNothingIsLeft(world);
  await begun.supervisor.end();
});

test("two applies that come together change the workspace once, and both say so", async () => {
  const begun = await beginTask(world, "im-two", { subagent_type: "apart" }, writesOnce("two.txt"));
  await untilEnded(begun);
  const { taskId } = begun.task;
  const outcomes = await Promise.all([world.bosun.apply(taskId), world.bosun.apply(taskId)]);
  expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(["already", "applied"]);
  expect(existsSync(join(world.workspace, "two.txt"))).toBe(true);
  commitAll(world.workspace);
  await begun.supervisor.end();
});

test("an apply under way when its supervisor is ended is done whole or not at all", async () => {
  const begun = await beginTask(world, "im-end", { subagent_type: "apart" }, writesOnce("e.txt"), [
    {
      when: { system: "^# chief", anyUser: "go im-end", lastUser: "task_ended" },
      reply: {
        toolCalls: [
          { name: "apply_diff", input: { task_id: "{{json:start_async_task:task_id}}" } },
        ],
      },
    },
  ]);
  const { supervisor } = begun;
  const request = await until("the request", async () => (await supervisor.status()).requests?.[0]);
  slow.hold("apply --whitespace=nowarn");
  await supervisor.decide(request.requestId, { type: "approve" });
  await until("git at work", async () => slow.hasBegun());
  await supervisor.end();
  slow.hurry();
  await world.bosun.client.workflow.getHandle(supervisor.id).result();
  const isThere = existsSync(join(world.workspace, "e.txt"));
  const { outcome } = await world.bosun.apply(begun.task.taskId);
  expect(outcome).toBe(isThere ? "already" : "applied");
  commitAll(world.workspace);
});

test("a task that is stopped by force leaves its diff and no worktree", async () => {
  const roles = { BOSUN_ROLES: "workflows,models" };
  const away = await openIsolatedWorld({
    workers: false,
    env: { BOSUN_CANCEL_GRACE_MS: "1500" },
  });
  await away.startWorkers(roles);
  const host = await openStuckHost(away);
  try {
    const begun = await beginTask(
      away,
      "im-force",
      { subagent_type: "apart" },
      writesOnce("f.txt"),
      [
        {
          when: { system: "^# chief", anyUser: "go im-force", lastUser: "task_ended" },
          reply: { text: "Left: {{event:task_ended:diff.files}}" },
        },
      ],
    );
    await until("its write", async () => host.begun() === 1);
    const [folder = ""] = worktreesOf(away);
    writeFileSync(join(away.dir, ".bosun/worktrees", folder, "by-hand.txt"), "half\n");
    await begun.supervisor.task(begun.task.taskId).cancel("enough");
    await untilReply(begun.supervisor, "^Left: 1");
    expect(await untilEnded(begun)).toMatchObject({ status: "cancelled", forced: true });
    await untilNothingIsLeft(away);
    await begun.supervisor.end();
  } finally {
    await host.close();
    await away.close();
  }
});

test("a workspace below the top of its repository gets the changes in its own folder", async () => {
  const below = await openIsolatedWorld({ git: false });
  try {
    const top = below.dir;
    writeFileSync(join(top, ".gitignore"), ".bosun\n");
    await newRepository(
      top,
      Object.fromEntries(Object.entries(agents).map(([path, text]) => [`workspace/${path}`, text])),
    );
    const begun = await beginTask(below, "im-sub", { subagent_type: "apart" }, writesOnce("s.txt"));
    expect((await untilEnded(begun)).result?.diff).toMatchObject({ files: 1 });
    expect(await below.bosun.apply(begun.task.taskId)).toMatchObject({ outcome: "applied" });
    expect(existsSync(join(below.workspace, "s.txt"))).toBe(true);
    await begun.supervisor.end();
  } finally {
    await below.close();
  }
});
