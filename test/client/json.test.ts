// Every command on a server: JSON, words and exit code.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildProgram } from "../../client/program.ts";
import type { Context } from "../../client/commands/context.ts";
import type { TaskView } from "../../protocol/views.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";
import { documented, documentedBy } from "./documented-json.ts";
import { type Ran, runBosun } from "./terminal.ts";

interface Checked {
  readonly report: object | null;
}

let world: World;
let supervisorId: string;
let taskId: string;

const bosun = (...args: readonly string[]): Promise<Ran> =>
  runBosun(args, { env: world.env, cwd: world.dir });

const documentedJson = documentedBy(bosun);

beforeAll(async () => {
  world = await openWorld({ env: { BOSUN_MODEL_HEARTBEAT_MS: "30000" } });
  await world.model.script("client-json", [
    {
      when: { lastUser: "^go client-json" },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: "Slow: client-json", subagent_type: "researcher" },
          },
        ],
      },
    },
    {
      when: { system: "^# supervisor", anyUser: "client-json" },
      reply: { text: "Very well." },
    },
    {
      when: { system: "^# researcher", anyUser: "client-json", lastUser: "\\[note" },
      reply: { text: "Noted.", toolCalls: [{ name: "list_files", input: { pattern: "*.md" } }] },
    },
    {
      when: { system: "^# researcher", anyUser: "client-json" },
      reply: { text: "Looked.", delayMs: 250_000 },
    },
  ]);
  const supervisor = await world.start("go client-json");
  supervisorId = supervisor.id;
  await untilReply(supervisor, "Very well");
  const task = await until("the task", async () =>
    (await supervisor.tasks()).find(({ status }) => status === "running"),
  );
  taskId = task.taskId;
});
afterAll(() => world.close());

describe("a running task", () => {
  it("is listed below its supervisor", async () => {
    interface Listed {
      readonly tasks: readonly TaskView[];
    }
    const all = await documentedJson<Listed>("tasks");
    expect(all.tasks.map((task) => task.taskId)).toContain(taskId);
    const one = await documentedJson<Listed>("tasks", supervisorId);
    expect(one.tasks[0]).toMatchObject({ taskId, parentId: supervisorId, depth: 1 });
    expect((await bosun("tasks")).out).toMatch(/supervisor-\w+ .*\n {2}● running Slow /);
  });

  it("is found by a part of its id", async () => {
    const { task } = await documentedJson<{ task: TaskView }>("check", taskId.slice(-6));
    expect(task).toMatchObject({ taskId, status: "running" });
  });

  it("is steered, and the receipt names the turn", async () => {
    const answer = await documentedJson<{ receipt: { turn: number } }>(
      "steer",
      taskId,
      "look at Markdown only",
      "--now",
      "--wait",
    );
    expect(answer.receipt.turn).toBeGreaterThan(0);
  });

  it.each(["status", "digest", "turns", "full"])("is checked with detail %s", async (detail) => {
    const { report } = await documentedJson<Checked>("check", taskId, "--detail", detail);
    expect(report === null).toBe(detail === "status");
  });

  it("shows its conversation", async () => {
    await documentedJson("transcript", taskId);
    const { out } = await bosun("transcript", taskId);
    expect(out).toMatch(/^1\. to the agent\n/);
    expect(out).toContain("Slow: client-json");
  });

  it("is tried again when asked", async () => {
    expect(await documentedJson("resume", taskId)).toEqual({
      id: taskId,
      requested: true,
      already: true,
    });
  });

  it("is cancelled, once", async () => {
    const first = await documentedJson<{ requested: boolean }>(
      "cancel",
      taskId,
      "--reason",
      "enough",
    );
    expect(first.requested).toBe(true);
    const view = await world.bosun.task(taskId).ended();
    expect(view).toMatchObject({ status: "cancelled", result: { notDone: "enough" } });
    const again = await documentedJson("cancel", taskId);
    expect(again).toEqual({ taskId, requested: false, status: "cancelled" });
  });

  it("is listed with its supervisor once it has ended, and the list of what is open says where", async () => {
    const text = await until("a list without it", async () => {
      const { out } = await bosun("tasks");
      return !out.includes(" Slow ") && out;
    });
    expect(text).toMatch(`\nNo task is open. Those that have ended: bosun tasks ${supervisorId}\n`);
    expect((await bosun("tasks", supervisorId)).out).toMatch(/\n {2}\S cancelled Slow /);
  });

  it("takes no note any more", async () => {
    const ran = await bosun("steer", taskId, "hello");
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/already cancelled/);
  });
});

describe("a supervisor", () => {
  it("is started, and sent to when it runs already", async () => {
    const first = await documentedJson("start", "--id", `fixed-${supervisorId}`, "client-json");
    expect(first).toMatchObject({
      started: true,
      workspace: expect.stringContaining("bosun-test-"),
    });
    const again = await documentedJson("start", "--id", `fixed-${supervisorId}`, "client-json");
    expect(again).toMatchObject({ started: false, stored: "accepted" });
  });

  it("answers a message that waits", async () => {
    const sent = await documentedJson("send", supervisorId, "client-json?", "--wait");
    expect(sent).toMatchObject({ stored: "accepted", known: false, reply: "Very well." });
  });

  it("talks through a pipe", async () => {
    const place = { env: world.env, cwd: world.dir };
    const ran = await runBosun(["send", supervisorId, "-", "--wait"], {
      ...place,
      input: "client-json!\n",
    });
    expect(ran).toMatchObject({ code: 0, out: "Very well.\n" });
  });

  it("has no page when the address of the Web UI is not known", async () => {
    const ran = await bosun("open", supervisorId);
    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(ran.err).toContain(supervisorId);
  });

  it("has a page where the address of the Web UI is said, and so has the list", async () => {
    const env = { ...world.env, BOSUN_WEB_UI: "https://ui.example/" };
    const place = { env, cwd: world.dir };
    const one = await runBosun(["open", supervisorId, "--json"], place);
    const url = `https://ui.example/namespaces/default/workflows/${supervisorId}`;
    expect(JSON.parse(one.out)).toEqual({ id: supervisorId, url });
    const all = await runBosun(["open"], place);
    expect(decodeURIComponent(all.out)).toBe(
      'https://ui.example/namespaces/default/workflows?query=ExecutionStatus="Running" AND WorkflowType IN ("supervisor", "subagent")\n',
    );
  });

  it("is not a task, and a task is not a supervisor", async () => {
    expect((await bosun("check", supervisorId)).err).toMatch(/is a supervisor, not a task/);
    expect((await bosun("send", taskId, "hello")).err).toMatch(/is a task, not a supervisor/);
  });

  it("ends once, and its id is not used again", async () => {
    const id = `fixed-${supervisorId}`;
    expect(await documentedJson("end", id)).toEqual({ id, requested: true });
    await until(
      "its end",
      async () => (await world.bosun.supervisor(id).status()).endedAt !== null,
    );
    expect(await documentedJson("end", id)).toEqual({ id, requested: false });
    expect((await bosun("send", id, "hello")).err).toMatch(/has ended and takes no more messages/);
    const again = await bosun("start", "--id", id);
    expect(again.code).toBe(1);
    expect(again.err).toMatch(/has ended, and an id is used once/);
  });

  it("that does not exist is said so", async () => {
    const ran = await bosun("send", "nobody", "hello");
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/There is no supervisor or task nobody\.\n.*bosun tasks/);
  });
});

it("docs/json.md has an example for every command", () => {
  const { commands } = buildProgram({ columns: () => 80 } as Context);
  const names = commands.map((command) => command.name()).filter((name) => name !== "help");
  expect(documented.toSorted()).toEqual(names.toSorted());
});
