// A model call that cannot read what it is to send.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openWorld, until, untilReply } from "../support/world.ts";

test("a transcript that cannot be pulled is no trouble of the model: the call is made again", async () => {
  const here = await openWorld({
    env: {
      BOSUN_MODEL_ATTEMPTS: "1",
      BOSUN_MODEL_HEARTBEAT_MS: "20000",
      BOSUN_ROLES: "workflows,tools",
    },
  });
  try {
    await here.model.script("pulled", [
      { when: { anyUser: "go pulled" }, reply: { text: "Pulled." } },
    ]);
    const supervisor = await here.start("go pulled");
    const handle = here.bosun.client.workflow.getHandle(supervisor.id);
    await until("the call", async () => {
      const { raw } = await handle.describe();
      return (raw.pendingActivities ?? []).some((one) => one.activityType?.name === "callModel");
    });
    // Now nobody is there who could answer for the workflow, and somebody who makes its calls.
    await here.stopWorkers();
    await here.startWorkers({ BOSUN_ROLES: "models" });
    // A question that nobody answers is given up by the server after half a minute.
    await until("a failed call", async () => {
      await sleep(250);
      const { events } = await handle.fetchHistory();
      return events?.some((event) => event.activityTaskFailedEventAttributes);
    });
    await here.startWorkers({ BOSUN_ROLES: "workflows,tools" });
    expect(await untilReply(supervisor, ".")).toBe("Pulled.");
    const { entries } = await until("the feed", () => supervisor.feed());
    const trouble = entries.flatMap(({ event }) => (event.type === "trouble" ? [event.text] : []));
    expect(trouble).toEqual([expect.stringContaining("could not be pulled") as string]);
    expect(trouble.join()).not.toContain("bosun resume");
    await supervisor.end();
  } finally {
    await here.close();
  }
});
