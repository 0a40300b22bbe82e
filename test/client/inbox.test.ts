// What waits for a person, decided from the command line.
import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OpenRequest, TaskHandle, WaitingRequest } from "../../client/index.ts";
import { Conversation, type ConversationOptions } from "../../client/chat/conversation.ts";
import { openPrompt } from "../../client/chat/prompt.ts";
import { runSlash } from "../../client/chat/slash.ts";
import { toPalette } from "../../client/screen/palette.ts";
import { addCarefulAgent } from "../support/careful-agent.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";
import { documentedBy } from "./documented-json.ts";
import { type Ran, runBosun } from "./terminal.ts";

let world: World;
const bosun = (args: readonly string[], input?: string): Promise<Ran> =>
  runBosun(args, { env: world.env, cwd: world.dir, ...(input !== undefined && { input }) });

const documentedJson = documentedBy((...args) => bosun(args));

beforeAll(async () => {
  world = await openWorld({ workers: false });
  await world.startWorkers();
  await addCarefulAgent(world.workspace);
});
afterAll(() => world.close());

const write = (path: string, content = `${path}\n`) => ({
  name: "write_file",
  input: { path, content },
});
const question = (text: string) => ({ name: "ask_human", input: { question: text } });

/** A task whose first answer makes these calls, waiting for a person. */
async function begin(
  mark: string,
  toolCalls: readonly { name: string; input?: object }[],
): Promise<{ task: TaskHandle; requests: readonly OpenRequest[] }> {
  const start = { description: `Notes: ${mark}-task`, subagent_type: "careful" };
  await world.model.script(mark, [
    {
      when: { lastUser: `^go ${mark}` },
      reply: { toolCalls: [{ name: "start_async_task", input: start }] },
    },
    { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
    {
      when: { system: "^# careful", anyUser: `${mark}-task`, assistantTurns: 0 },
      reply: { toolCalls },
    },
    { when: { system: "^# careful", anyUser: `${mark}-task` }, reply: { text: "Done." } },
  ]);
  const supervisor = await world.start(`go ${mark}`);
  await untilReply(supervisor, "Heard");
  const asking = await until("a task that asks", async () =>
    (await supervisor.tasks()).find(({ requests }) => requests?.length === toolCalls.length),
  );
  return { task: supervisor.task(asking.taskId), requests: asking.requests ?? [] };
}

const contentOf = (path: string): Promise<string> =>
  readFile(join(world.workspace, path), "utf8").catch(() => "");

describe("an approval", () => {
  it("is listed with who asks, shown where the task is shown, and given by its only request", async () => {
    const { task, requests } = await begin("inbox-approve", [write("a.md")]);
    const { requestId } = requests[0]!;
    const command = `bosun approve ${task.id} ${requestId}`;
    const listed = await until("it in the inbox", async () => {
      const found = await documentedJson<{ requests: WaitingRequest[] }>("inbox");
      return found.requests.find((one) => one.requestId === requestId);
    });
    const { supervisorId } = listed;
    expect(listed).toMatchObject({ id: task.id, agent: "careful", blocks: [task.id] });
    expect((await bosun(["inbox"])).out).toContain(command);
    expect((await bosun(["tasks", supervisorId])).out).toContain(command);
    expect((await bosun(["check", task.id])).out).toMatch(
      new RegExp(`asks +write_file a\\.md\n +with +│ path: a\\.md[^]*${command}`),
    );
    await documentedJson("tasks", supervisorId);
    await documentedJson("check", task.id);
    expect(await documentedJson("approve", task.id)).toMatchObject({
      requestId,
      decision: "approve",
      settled: { outcome: "approve", by: userInfo().username },
    });
    expect((await task.ended()).status).toBe("completed");
    expect(await contentOf("a.md")).toBe("a.md\n");
    const late = await bosun(["approve", task.id]);
    expect(late).toMatchObject({ code: 1, out: "" });
    expect(late.err).toMatch(/is completed and asks nothing of a person just now.*bosun inbox/);
  });

  it("may change the arguments, from standard input too, and wrong ones are refused", async () => {
    const { task } = await begin("inbox-edit", [write("b.md")]);
    const wrong = await bosun(["approve", task.id, "--edit", '{"path": 7}']);
    expect(wrong).toMatchObject({ code: 2, out: "" });
    expect(wrong.err).toMatch(/The edited arguments cannot be used/);
    const edited = JSON.stringify({ path: "c.md", content: "other" });
    const ran = await bosun(["approve", task.id, "--edit", "-"], edited);
    expect(ran).toMatchObject({ code: 0, out: expect.stringMatching(/: q-\w+ approved\n$/) });
    await task.ended();
    expect([await contentOf("b.md"), await contentOf("c.md")]).toEqual(["", "other"]);
  });

  it("is denied with a reason, and deciding again hears who did", async () => {
    const { task, requests } = await begin("inbox-deny", [write("d.md"), write("e.md")]);
    const [first, second] = requests.map(({ requestId }) => requestId);
    const unclear = await bosun(["deny", task.id]);
    expect(unclear.code).toBe(2);
    expect(unclear.err).toMatch(/asks more than one thing\. Say which:\n/);
    expect(unclear.err).toContain(`bosun deny ${task.id} ${second}`);
    await documentedJson("deny", task.id, first!, "--reason", "not here");
    const again = await bosun(["deny", task.id, first!]);
    expect(again.out).toMatch(new RegExp(`${first} had been denied before, by `));
    const contrary = await bosun(["approve", task.id, first!]);
    expect(contrary).toMatchObject({ code: 2, err: expect.stringContaining("is over") });
    expect((await bosun(["approve", task.id, second!])).code).toBe(0);
    expect((await task.ended()).status).toBe("completed");
    expect([await contentOf("d.md"), await contentOf("e.md")]).toEqual(["", "e.md\n"]);
  });
});

describe("a question", () => {
  it("takes words, not an approval", async () => {
    const { task, requests } = await begin("inbox-answer", [question("Which colour?")]);
    const approved = await bosun(["approve", task.id]);
    expect(approved.code).toBe(2);
    expect(approved.err).toContain(`bosun answer ${task.id} TEXT ${requests[0]!.requestId}`);
    expect((await bosun(["answer", task.id, " "])).err).toMatch(/The answer is empty/);
    expect(await documentedJson("answer", task.id, "green")).toMatchObject({ known: false });
    expect((await task.ended()).status).toBe("completed");
  });

  it("is answered in a chat, beside an approval of the same task", async () => {
    const { task, requests } = await begin("inbox-slash", [question("Why?"), write("s.md")]);
    const frame = { width: 100, now: new Date(), palette: toPalette(false) };
    const [view] = (await world.bosun.requests()).filter(({ id }) => id === task.id);
    const supervisor = world.bosun.supervisor(view!.supervisorId);
    const place = { bosun: world.bosun, supervisor, frame, leave: () => undefined };
    const short = task.id.slice(-6);
    const inbox = (await runSlash("/inbox", place)).join("\n");
    expect(inbox).toContain(`/answer ${task.id} ${requests[0]!.requestId} TEXT`);
    expect(inbox).toContain(`/approve ${task.id} ${requests[1]!.requestId}`);
    expect(await runSlash(`/answer ${short}`, place)).toEqual([
      "Say whom and what: /answer TASK TEXT",
    ]);
    const answered = await runSlash(`/answer ${short} because it is`, place);
    expect(answered).toEqual([`${task.id}: ${requests[0]!.requestId} answered`]);
    const denied = await runSlash(`/deny ${short} ${requests[1]!.requestId} not now`, place);
    expect(denied).toEqual([`${task.id}: ${requests[1]!.requestId} denied`]);
    await task.ended();
    const said = JSON.stringify((await task.transcript()).messages);
    expect(said).toContain("answers: because it is");
    expect(said).toContain("denied it (not now)");
  });
});

it("a chat shows what a task asks in words, with the commands that decide it", async () => {
  const { task, requests } = await begin("inbox-chat", [write("h.md")]);
  const { requestId } = requests[0]!;
  const [view] = (await world.bosun.requests()).filter(({ id }) => id === task.id);
  const input = new PassThrough();
  const output = new PassThrough();
  const shown: string[] = [];
  output.on("data", (chunk: Buffer) => shown.push(chunk.toString("utf8")));
  const text = () => shown.join("");
  const left = new AbortController();
  const { signal } = left;
  const leave = () => left.abort();
  const prompt = openPrompt({ input, output, isTty: false, label: "> ", onInterrupt: leave });
  signal.addEventListener("abort", () => prompt.close());
  const context = { isTty: false, color: false, columns: () => 100, note: () => undefined };
  const visit = { here: { bosun: world.bosun }, session: { lost: () => undefined } };
  const options = { visit, context, prompt, signal, leave, json: false };
  const conversation = new Conversation(options as unknown as ConversationOptions);
  const held = conversation.hold(world.bosun.supervisor(view!.supervisorId), 0);
  await until("the request", async () => text().includes(`/approve ${task.id} ${requestId}`));
  expect(text()).toContain(
    [
      `task ${task.id} waiting on approval: It asks to do: write_file h.md`,
      `  /approve ${task.id} ${requestId}`,
      `  /deny ${task.id} ${requestId} WHY`,
    ].join("\n"),
  );
  input.write(`/approve ${task.id.slice(-6)}\n`);
  await until("its end", async () => text().includes(`task ${task.id} completed`));
  expect(text()).toContain(`${task.id}: ${requestId} approved`);
  leave();
  await held;
});

it("a supervisor that asks is answered like a task", async () => {
  const mark = "inbox-own";
  await world.model.script(mark, [
    {
      when: { system: "^# careful", lastUser: `^go ${mark}` },
      reply: { toolCalls: [question("Which folder?")] },
    },
    { when: { system: "^# careful", anyUser: `go ${mark}` }, reply: { text: "So be it." } },
  ]);
  const { workspace } = world;
  const started = await world.bosun.start({ workspace, agent: "careful", message: `go ${mark}` });
  const { supervisor } = started;
  const own = await until("it in the inbox", async () =>
    (await world.bosun.requests()).find(({ id }) => id === supervisor.id),
  );
  expect(own).toMatchObject({ supervisorId: supervisor.id, description: "", kind: "answer" });
  const ran = await bosun(["answer", supervisor.id, "this one"]);
  expect(ran).toMatchObject({ code: 0, out: `${supervisor.id}: ${own.requestId} answered\n` });
  await untilReply(supervisor, "So be it");
  const late = await bosun(["answer", supervisor.id, "another"]);
  expect(late).toMatchObject({ code: 1, err: expect.stringContaining("asks nothing of a person") });
});

it("a note says that it waits for the decision, one for now that it withdraws the request", async () => {
  const { task, requests } = await begin("inbox-note", [write("n.md")]);
  const { requestId } = requests[0]!;
  expect((await bosun(["steer", task.id, "shorter"])).out).toMatch(
    new RegExp(`waits for a decision \\(${requestId}\\) and reads the note after that`),
  );
  expect((await bosun(["steer", task.id, "stop", "--now"])).out).toMatch(
    new RegExp(`withdraws what it asked \\(${requestId}\\)`),
  );
  await task.ended();
});

it("is listed and decided while no worker runs", async () => {
  const away = await openWorld({ workers: false });
  const before = world;
  try {
    world = away;
    await addCarefulAgent(away.workspace);
    expect((await bosun(["inbox"])).out).toBe("Nothing waits for a person.\n");
    const workers = await away.startWorkers();
    const { task, requests } = await begin("inbox-away", [write("w.md")]);
    workers.stop();
    await workers.done;
    expect((await bosun(["inbox"])).out).toContain(requests[0]!.requestId);
    const ran = await bosun(["approve", task.id]);
    expect(ran).toMatchObject({
      code: 0,
      out: expect.stringContaining("no worker has taken it yet"),
    });
    await away.startWorkers();
    expect((await task.ended()).status).toBe("completed");
    expect(await contentOf("w.md")).toBe("w.md\n");
  } finally {
    world = before;
    await away.close();
  }
});
