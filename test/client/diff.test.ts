// Diffs shown and applied from the command line.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { beginTask, type Begun, openIsolatedWorld, untilEnded } from "../support/isolated-world.ts";
import type { World } from "../support/world.ts";
import { commitAll, git } from "../tools/repository.ts";
import { documentedBy } from "./documented-json.ts";
import { type Ran, runBosun } from "./terminal.ts";

let world: World;
let begun: Begun;
let taskId: string;
const bosun = (...args: readonly string[]): Promise<Ran> =>
  runBosun(args, { env: world.env, cwd: world.dir });

const documentedJson = documentedBy(bosun);

const write = (path: string, content: string) => ({ name: "write_file", input: { path, content } });

beforeAll(async () => {
  world = await openIsolatedWorld({ env: { BOSUN_MODEL_HEARTBEAT_MS: "30000" } });
  begun = await beginTask(world, "cli-diff", { subagent_type: "apart" }, [
    {
      when: { assistantTurns: 0 },
      reply: {
        toolCalls: [
          write("README.md", "# Anew\n"),
          write("größer und neu.txt", "neu\n"),
          { name: "read_file", input: { path: "README.md" } },
        ],
      },
    },
    { when: { anyUser: "\\[note" }, reply: { text: "Done." } },
    // Until it hears of that.
    { when: {}, reply: { text: "Held.", delayMs: 250_000 } },
  ]);
  ({ taskId } = begun.task);
});
afterAll(() => world.close());

describe("bosun diff", () => {
  it("says that a running task has none yet", async () => {
    const ran = await bosun("diff", taskId);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toMatch(
      /is (queued|running): its diff is taken when it has ended.*bosun check/,
    );
    await world.bosun.task(taskId).steer("that is enough", "now");
    await untilEnded(begun);
  });

  it("prints what git can apply", async () => {
    const ran = await bosun("diff", taskId);
    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toContain("+# Anew\n");
    const file = join(world.dir, "x.diff");
    await writeFile(file, ran.out);
    git(world.workspace, "apply", "--check", file);
  });

  it("counts the lines of each file", async () => {
    const { out } = await bosun("diff", taskId, "--stat");
    expect(out).toMatch(
      /^README\.md {2}\+1 -3\ngrößer und neu\.txt {2}\+1 -0\n2 files changed, 2 lines added, 3 removed\n$/,
    );
  });

  it("answers in JSON", async () => {
    const whole = await documentedJson<{ text: string }>("diff", taskId);
    expect(whole.text).toMatch(/^diff --git/);
    const stat = await documentedJson<{ text: null; stat: object[] }>("diff", taskId, "--stat");
    expect(stat).toMatchObject({ text: null, stat: [{ path: "README.md" }, {}] });
  });

  it("has nothing to show of a supervisor, or of a task in the workspace itself", async () => {
    expect((await bosun("diff", begun.supervisor.id)).err).toMatch(/only tasks have a diff/);
    const plain = await beginTask(world, "cli-plain", { subagent_type: "plain" }, [
      { when: {}, reply: { text: "Done." } },
    ]);
    await untilEnded(plain);
    const ran = await bosun("diff", plain.task.taskId);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toMatch(/has no diff: it has not worked in a worktree/);
    await plain.supervisor.end();
  });

  it("is named by bosun check", async () => {
    const { task } = await documentedJson<{ task: { result: object } }>("check", taskId);
    expect(task.result).toMatchObject({ diff: { files: 2 } });
    expect((await bosun("check", taskId)).out).toMatch(
      /diff +2 files, \+2 -3, not applied by itself/,
    );
  });
});

describe("bosun apply", () => {
  it("refuses by name what has changes of its own, and changes nothing", async () => {
    const readme = join(world.workspace, "README.md");
    await writeFile(readme, "mine\n");
    const ran = await bosun("apply", taskId);
    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(ran.err).toMatch(/not committed. Commit or stash them first:\n {2}README\.md\n$/);
    expect(await readFile(readme, "utf8")).toBe("mine\n");
    expect(existsSync(join(world.workspace, "größer und neu.txt"))).toBe(false);
    git(world.workspace, "checkout", "--quiet", "README.md");
  });

  it("applies all of it, once", async () => {
    const first = await documentedJson("apply", taskId);
    expect(first).toMatchObject({ outcome: "applied", paths: ["README.md", "größer und neu.txt"] });
    expect(await readFile(join(world.workspace, "README.md"), "utf8")).toBe("# Anew\n");
    expect(await documentedJson("apply", taskId)).toMatchObject({ outcome: "already" });
    commitAll(world.workspace);
    expect((await bosun("apply", taskId)).out).toMatch(/has these changes already/);
  });

  it("says so when no worker of the files' host answers", async () => {
    await world.stopWorkers();
    await world.startWorkers({ BOSUN_ROLES: "workflows,models" });
    const away = await bosun("apply", taskId);
    expect(away).toMatchObject({ code: 1, out: "" });
    expect(away.err).toMatch(/no tools worker of it answered: nothing was done/);
    await world.stopWorkers();
    expect((await bosun("diff", taskId)).err).toMatch(/No worker runs here, so nothing was done/);
  });
});
