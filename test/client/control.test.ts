// Work held, changed and repeated from the command line.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SupervisorHandle, TaskHandle, TaskView } from "../../client/index.ts";
import { runSlash } from "../../client/chat/slash.ts";
import { toPalette } from "../../client/screen/palette.ts";
import { delegating, startCall, untilTasks } from "../support/lead-agent.ts";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";
import { expectDocumented } from "./documented-json.ts";
import { type Ran, runBosun } from "./terminal.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const bosun = (...args: readonly string[]): Promise<Ran> =>
  runBosun(args, { env: world.env, cwd: world.dir });

async function documentedJson<T>(...args: readonly string[]): Promise<T> {
  const ran = await bosun(...args, "--json");
  expect(ran).toMatchObject({ code: 0 });
  expectDocumented(args[0] ?? "", ran.json());
  return ran.json() as T;
}

/** A supervisor with one task of two turns, the first of them slow. */
async function begin(mark: string): Promise<{ supervisor: SupervisorHandle; task: TaskHandle }> {
  await world.model.script(mark, [
    { when: { lastUser: `^slow ${mark}` }, reply: { text: "Never.", delayMs: 25_000 } },
    {
      when: { system: "^# researcher", anyUser: `${mark}-task`, assistantTurns: 0 },
      reply: { toolCalls: [{ name: "list_files" }], delayMs: 1_000 },
    },
    { when: { system: "^# researcher", anyUser: `${mark}-task` }, reply: { text: "Done." } },
    ...delegating(mark, startCall(`${mark}-task`)),
  ]);
  const supervisor = await world.start(`go ${mark}`);
  await untilReply(supervisor, "Heard");
  const [view] = await untilTasks(supervisor, 1);
  return { supervisor, task: supervisor.task(view!.taskId) };
}

/** What the chat answers to a line. */
function chatWith(supervisor: SupervisorHandle): (line: string) => Promise<string> {
  const place = {
    bosun: world.bosun,
    supervisor,
    frame: { width: 80, now: new Date(), palette: toPalette(false) },
    leave: () => undefined,
  };
  return async (line) => (await runSlash(line, place)).join("\n");
}

const untilParked = (task: TaskHandle): Promise<TaskView> =>
  until("it parked", async () => {
    const view = await task.view();
    return view.waitingOn.includes("paused") && view;
  });

describe("a task", () => {
  it("is paused and resumed, and every list says so", async () => {
    const { supervisor, task } = await begin("ctl-pause");
    const asked = { id: task.id, requested: true, already: false };
    expect(await documentedJson("pause", task.id)).toEqual(asked);
    await untilParked(task);
    expect((await bosun("pause", task.id)).out).toMatch(/is paused already/);
    const listed = await until("it listed", async () => {
      const { tasks } = await documentedJson<{ tasks: TaskView[] }>("tasks", supervisor.id);
      return tasks[0]?.waitingOn.includes("paused") && tasks[0];
    });
    expect(listed.pausedAt).toMatch(/^20/);
    expect((await bosun("tasks", supervisor.id)).out).toContain("waiting: paused");
    const { task: checked } = await documentedJson<{ task: TaskView }>("check", task.id);
    expect(checked.pausedAt).toBe(listed.pausedAt);
    const shown = (await bosun("check", task.id)).out;
    expect(shown).toMatch(/waiting: paused/);
    expect(shown).toMatch(/paused +since 20/);
    expect((await bosun("steer", task.id, "a note")).out).toMatch(
      /It is paused and reads the note after: bosun resume/,
    );
    expect(await documentedJson("resume", task.id)).toEqual(asked);
    const resumed = await untilFeed(
      supervisor,
      ({ event }) => event.type === "task" && event.text === "It was resumed.",
    );
    expect(resumed.event).toMatchObject({ taskId: task.id, phase: { status: "running" } });
    expect((await task.ended()).receipts).toHaveLength(1);
    const late = await bosun("pause", task.id);
    expect(late).toMatchObject({ code: 1, out: "" });
    expect(late.err).toMatch(/has ended/);
    await supervisor.end();
  });

  it("changes its model while it is paused, from the next call on, with a new transcript", async () => {
    const { supervisor, task } = await begin("ctl-set");
    await task.pause();
    await untilParked(task);
    const set = await documentedJson("set", task.id, "--model", "opus");
    expect(set).toMatchObject({ id: task.id, model: "claude-opus-5-5" });
    await task.resume();
    expect((await task.ended()).status).toBe("completed");
    const { header, generation } = await task.transcript();
    expect([header?.model, generation]).toEqual(["claude-opus-5-5", 2]);
    const none = await bosun("set", task.id);
    expect(none).toMatchObject({ code: 2, out: "" });
    expect(none.err).toMatch(/bosun set ID --model NAME/);
    expect(await bosun("set", supervisor.id, "--model", "a b")).toMatchObject({ code: 2 });
    expect((await bosun("set", task.id, "--model", "opus")).err).toMatch(/has ended/);
    await supervisor.end();
  });

  it("is tried again under its id, and its attempts stay readable", async () => {
    const { supervisor, task } = await begin("ctl-retry");
    const early = await bosun("retry", task.id);
    expect(early).toMatchObject({ code: 2, out: "" });
    expect(early.err).toMatch(/has not ended.*bosun steer/);
    await task.ended();
    const part = task.id.slice(-6);
    expect(await documentedJson("retry", part, "once more")).toMatchObject({
      taskId: task.id,
      attempt: 2,
      known: false,
      stored: "accepted",
    });
    await task.ended();
    // Two workflows, one id.
    const { task: newest } = await documentedJson<{ task: TaskView }>("check", part);
    expect(newest).toMatchObject({ taskId: task.id, attempt: 2, status: "completed" });
    expect((await bosun("check", part)).out).toMatch(/attempt +2, begun/);
    const { task: first } = await documentedJson<{ task: TaskView }>(
      "check",
      part,
      "--attempt",
      "1",
    );
    expect(first.attempt).toBeUndefined();
    const none = await bosun("check", part, "--attempt", "7");
    expect(none).toMatchObject({ code: 1, out: "" });
    expect(none.err).toContain(`${task.id} has no attempt 7, the newest is 2.`);
    expect((await bosun("transcript", part)).out).toContain("once more");
    expect((await bosun("transcript", part, "--attempt", "1")).out).not.toContain("once more");
    const listed = await until("one line", async () => {
      const { tasks } = await documentedJson<{ tasks: TaskView[] }>("tasks", supervisor.id);
      return tasks[0]?.attempt === 2 && tasks;
    });
    expect(listed).toHaveLength(1);
    expect((await bosun("tasks", supervisor.id)).out).toContain("attempt 2: ctl");
    await supervisor.end();
    await until("its end", async () => (await supervisor.status()).endedAt !== null);
    const late = await bosun("retry", task.id);
    expect(late).toMatchObject({ code: 1, out: "" });
    expect(late.err).toMatch(/cannot be tried again.*has ended.*bosun start/);
  });
});

describe("a note that is waited for", () => {
  it("is an error when the task ends before it has seen it", async () => {
    const { supervisor, task } = await begin("ctl-unseen");
    await task.pause();
    await untilParked(task);
    const waiting = bosun("steer", task.id, "too late", "--wait");
    await until("the note", async () => (await task.check()).report?.unseenNotes.length === 1);
    await task.cancel("enough");
    const ran = await waiting;
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.err).toMatch(/is already cancelled: it never saw the note\. .*bosun retry/);
    expect((await task.view()).result?.unseen).toHaveLength(1);
    await supervisor.end();
  });

  it("stays sent when Ctrl-C ends the wait", async () => {
    const { supervisor, task } = await begin("ctl-break");
    await task.pause();
    await untilParked(task);
    const waiting = bosun("steer", task.id, "in time", "--wait");
    await until("the note", async () => (await task.check()).report?.unseenNotes.length === 1);
    // The workers of this process would stop at a SIGINT.
    process.emit("SIGHUP");
    const ran = await waiting;
    expect(ran.code).toBe(130);
    expect(ran.err).toMatch(/Stopped waiting\. The note n-\w+ stays sent\. .*bosun check/);
    await task.resume();
    expect((await task.ended()).receipts).toHaveLength(1);
    await supervisor.end();
  });

  it("says that no worker runs, and prints the receipt when one does", async () => {
    const { supervisor, task } = await begin("ctl-alone");
    await task.pause();
    await untilParked(task);
    await world.stopWorkers();
    await task.resume();
    const waiting = bosun("steer", task.id, "kept", "--wait");
    await sleep(6_500);
    await world.startWorkers();
    const ran = await waiting;
    expect(ran.err).toMatch(/No worker answers just now\. Waiting for one \(bosun worker\)/);
    expect(ran).toMatchObject({ code: 0, out: expect.stringMatching(/seen at turn 2/) });
    await supervisor.end();
  });
});

describe("a supervisor", () => {
  it("is interrupted, and idle there is nothing to interrupt", async () => {
    const { supervisor, task } = await begin("ctl-int");
    await task.ended();
    await untilReply(supervisor, "^Over");
    await until("it is idle", async () => (await supervisor.status()).status === "idle");
    expect((await bosun("interrupt", supervisor.id)).out).toMatch(/is idle: there is nothing/);
    const asked = supervisor.ask("slow ctl-int");
    await until("it thinks", async () => (await supervisor.status()).status === "thinking");
    expect(await documentedJson("interrupt", supervisor.id)).toEqual({
      id: supervisor.id,
      requested: true,
      status: "thinking",
    });
    expect(await asked).toMatch(/^Interrupted/);
    const wrong = await bosun("interrupt", task.id);
    expect(wrong).toMatchObject({ code: 1, out: "" });
    expect(wrong.err).toMatch(/is a task.*bosun steer .* --now.*bosun cancel/s);
    await supervisor.end();
  });

  it("keeps messages while it is paused, says so, and answers after it", async () => {
    const { supervisor, task } = await begin("ctl-keep");
    await task.ended();
    await documentedJson("pause", supervisor.id);
    await until("it waits", async () => (await supervisor.status()).status === "waiting");
    expect((await bosun("send", supervisor.id, "hello")).out).toMatch(
      /kept\. It is paused, and answers after: bosun resume/,
    );
    const kept = await documentedJson<{ messageId: string }>("send", supervisor.id, "hello again");
    expect(kept).toMatchObject({ paused: true });
    expect((await bosun("tasks")).out).toContain(`bosun resume ${supervisor.id}`);
    expect(await documentedJson("pause", supervisor.id)).toMatchObject({ already: true });
    await documentedJson("resume", supervisor.id);
    await until("it goes on", async () => (await supervisor.status()).pausedAt === undefined);
    expect((await bosun("resume", supervisor.id)).out).toMatch(/was not paused/);
    await untilFeed(
      supervisor,
      ({ event }) => event.type === "reply" && event.answers.includes(kept.messageId),
    );
    await supervisor.end();
  });

  it("and its tasks are held, tried again and broken off from the chat", async () => {
    const { supervisor, task } = await begin("ctl-chat");
    const say = chatWith(supervisor);
    expect(await say(`/pause ${task.id.slice(-6)}`)).toMatch(/asked to pause/);
    await untilParked(task);
    expect(await say(`/steer ${task.id} a note`)).toMatch(/paused and reads it after \/resume/);
    expect(await say("/pause")).toContain(supervisor.id);
    expect(await say("/resume")).toMatch(/asked to go on/);
    await task.ended();
    expect(await say("/retry")).toMatch(/Say which/);
    expect(await say(`/retry ${task.id} again`)).toMatch(/attempt 2 begins/);
    await task.ended();
    await untilReply(supervisor, "^Over");
    expect(await say("/interrupt")).toMatch(/interrupt|break off/);
    expect(await say("/apply")).toMatch(/Say which/);
    await supervisor.end();
  });

  it("is bounded, changed, told and looked at from the chat", async () => {
    const { supervisor, task } = await begin("ctl-slash");
    const say = chatWith(supervisor);
    await say("/pause");
    expect(await say(`/check ${task.id} status`)).toMatch(/ task +ctl-slash-task/);
    expect(await say(`/check ${task.id} more`)).toMatch(/no detail more.*digest/);
    expect(await say("/budget")).toMatch(/output tokens +2,000,000/);
    expect(await say("/budget --tokens 300000 --usd 3")).toMatch(/is set\.[^]* 300,000/);
    const told = await untilFeed(supervisor, ({ event }) => event.type === "budget");
    expect(told.event).toMatchObject({
      text: "The budget was set: 300000 output tokens, 3 US dollars.",
    });
    expect(await say(`/budget ${task.id} --turns none`)).toMatch(/is set/);
    await expect(say("/budget --tokens")).rejects.toThrow(/Limits are --usd N/);
    await expect(say("/budget --tokens some")).rejects.toThrow(/--tokens: Give a whole number/);
    expect(await say("/event")).toMatch(/Say whom and what/);
    expect(await say(`/event ${task.id} built {"ok": true}`)).toMatch(/event built sent/);
    await expect(say(`/event ${task.id} built {ok`)).rejects.toThrow(/not JSON/);
    expect(await say("/set")).toMatch(/Say which model/);
    expect(await say(`/set ${task.id} opus`)).toBe(
      `${task.id}: claude-opus-5-5 answers from the next model call on.`,
    );
    expect(await say("/set sonnet")).toContain(supervisor.id);
    expect(await say(`/steer ${task.id} --now`)).toMatch(/Say which and what/);
    expect(await say(`/steer ${task.id} --now a note`)).toMatch(/note n-.* sent/);
    await expect(say(`/diff ${task.id}`)).rejects.toThrow(/its diff is taken when it has ended/);
    expect(await say("/inbox")).toMatch(/Nothing waits for you here/);
    await say("/resume");
    await task.ended();
    await supervisor.end();
  });
});
