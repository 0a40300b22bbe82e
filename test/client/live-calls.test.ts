// A model call that fails is seen in the list while it is tried again.
import { afterAll, beforeAll, expect, test } from "vitest";
import { runSlash } from "../../client/chat/slash.ts";
import { toPalette } from "../../client/screen/palette.ts";
import { startCall, untilTasks } from "../support/lead-agent.ts";
import { openWorld, until, type World } from "../support/world.ts";
import { runBosun } from "./terminal.ts";

let world: World;
beforeAll(async () => {
  // Nothing is tried again before the test is over.
  const slow = { BOSUN_MODEL_RETRY_MS: "600000", BOSUN_MODEL_RETRY_MAX_MS: "600000" };
  world = await openWorld({ env: slow });
});
afterAll(() => world.close());

test("the list says of supervisors and tasks at work which attempt comes next, and why", async () => {
  const mark = "retried-calls";
  await world.model.script(mark, [
    { when: { lastUser: `^go ${mark}` }, reply: { toolCalls: [startCall(`${mark}-task`)] } },
  ]);
  // Both: the task's first call, and the supervisor's after the start of the task.
  for (const when of [{ anyUser: `${mark}-task` }, { afterTool: "start_async_task" }])
    await world.model.fault({ fault: { type: "server_error" }, times: 10, when });
  const supervisor = await world.start(`go ${mark}`);
  const [task] = await untilTasks(supervisor, 1);
  const told = /^ {2,}attempt 2, after: .*server_error$/gm;
  const tasks = await until("both are told", async () => {
    const { out } = await runBosun(["tasks"], { env: world.env, cwd: world.dir, columns: 120 });
    return out.match(told)?.length === 2 && out;
  });
  expect(tasks).toMatch(new RegExp(`^${supervisor.id} thinking .*\\n {2}attempt 2`, "m"));
  expect(tasks).toMatch(new RegExp(`running .* ${task?.taskId} .*\\n {6}attempt 2`, "m"));
  const frame = { width: 120, now: new Date(), palette: toPalette(false) };
  const place = { bosun: world.bosun, supervisor, frame, leave: () => undefined };
  expect((await runSlash("/tasks", place)).join("\n").match(told)).toHaveLength(2);
});
