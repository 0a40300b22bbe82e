// A person's program that dies, or loses the answer.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sent, SupervisorHandle } from "../../client/index.ts";
import { runsOf } from "../support/world.ts";
import { untilReady } from "./support/child.ts";
import { type FaultWorld, openFaultWorld } from "./support/fault-world.ts";
import { until } from "./support/until.ts";

let world: FaultWorld;
beforeAll(async () => {
  // No worker dies here: a late heartbeat is none that is missing.
  const patient = { BOSUN_MODEL_HEARTBEAT_MS: "60000" };
  world = await openFaultWorld({ env: { BOSUN_ROLL_AFTER_TURNS: "1", ...patient } });
  await world.startWorker();
});
afterAll(() => world.close());

async function open(mark: string): Promise<SupervisorHandle> {
  await world.model.script(mark, [
    { when: { lastUser: `^${mark} slow` }, reply: { text: "Heard.", delayMs: 1_500 } },
    { when: { lastUser: `^${mark}` }, reply: { text: "Heard." } },
  ]);
  return await world.start();
}

/** Waits until the messages are answered, and counts how often each was taken. */
async function takenOf(supervisor: SupervisorHandle, ids: readonly string[]) {
  return await until("the replies", async () => {
    const { entries, status } = await supervisor.feed();
    const events = entries.map(({ event }) => event);
    const answered = events.flatMap((event) => (event.type === "reply" ? event.answers : []));
    if (status !== "idle" || !ids.every((id) => answered.includes(id))) return false;
    return events.flatMap((event) => (event.type === "taken" ? [event.messageId] : []));
  });
}

/** What a worker says to a message. One that none took in time is left for it, and asked about again. */
async function accepted(supervisor: SupervisorHandle, text: string, id: string): Promise<Sent> {
  return await until("a worker's answer", async () => {
    const sent = await supervisor.send(text, { id });
    return sent.stored === "accepted" && sent;
  });
}

test("a client killed right after it sent has sent: the message is answered once", async () => {
  const supervisor = await open("dies");
  const program = world.startProgram("send-and-hang.ts", [supervisor.id, "dies-1", "dies slow"]);
  await untilReady(program, "The client", () => program.output().includes("sent"));
  await program.end("SIGKILL");
  expect(await takenOf(supervisor, ["dies-1"])).toEqual(["dies-1"]);
  expect(await world.model.journal("dies slow")).toHaveLength(1);
});

test("a client killed while it sends may send again under the same id: one effect", async () => {
  const supervisor = await open("midway");
  const program = world.startProgram("send-and-hang.ts", [supervisor.id, "midway-1", "midway"]);
  await untilReady(program, "The client", () => program.output().includes("sending"));
  await program.end("SIGKILL");
  await supervisor.send("midway", { id: "midway-1" });
  expect(await takenOf(supervisor, ["midway-1"])).toEqual(["midway-1"]);
});

test("the same id sent twice counts once, also in a later run", async () => {
  const supervisor = await open("twice");
  await supervisor.send("twice one", { id: "twice-1" });
  expect(await accepted(supervisor, "twice one", "twice-1")).toMatchObject({ known: true });
  await takenOf(supervisor, ["twice-1"]);
  await supervisor.send("twice two", { id: "twice-2" });
  await takenOf(supervisor, ["twice-1", "twice-2"]);
  await until("a later run", async () => (await runsOf(world, supervisor.id)) > 1);
  expect(await accepted(supervisor, "twice one", "twice-1")).toMatchObject({ known: true });
  await supervisor.send("twice three", { id: "twice-3" });
  const ids = ["twice-1", "twice-2", "twice-3"];
  expect(await takenOf(supervisor, ids)).toEqual(ids);
});

test("a client that loses the answer sends again under the same id: one effect", async () => {
  const supervisor = await open("deaf");
  world.clientLink.set("deaf");
  await expect(supervisor.send("deaf", { id: "deaf-1" })).rejects.toMatchObject({
    code: "unreachable",
  });
  world.clientLink.set("open");
  const again = await accepted(supervisor, "deaf", "deaf-1");
  expect(again).toEqual({ id: "deaf-1", known: true, stored: "accepted" });
  expect(await takenOf(supervisor, ["deaf-1"])).toEqual(["deaf-1"]);
});
