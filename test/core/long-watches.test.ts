// What a watch of other workflows keeps while it lasts.
import { getEventListeners } from "node:events";
import { MockActivityEnvironment } from "@temporalio/testing";
import { DefaultLogger } from "@temporalio/worker";
import { expect, test } from "vitest";
import { awaitCancelTaken } from "../../activities/tasks/end-task.ts";
import { newClient } from "../support/new-client.ts";
import { openWorld, until } from "../support/world.ts";

test("a watch that looks again and again lets go of each look", async () => {
  const world = await openWorld({ workers: false });
  try {
    // Nobody is there to take the cancellation.
    const { id } = await world.start();
    await world.bosun.client.workflow.getHandle(id).cancel();
    let looks = 0;
    const client = newClient(world, {
      describe(input, next) {
        looks += 1;
        return next(input);
      },
    });
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger("ERROR") });
    const watching = environment
      .run(() => awaitCancelTaken(client, id))
      .catch((error: unknown) => error);
    await until("five looks", async () => looks >= 5);
    const listeners = getEventListeners(environment.context.cancellationSignal, "abort");
    expect(listeners.length).toBeLessThan(4);
    environment.cancel();
    expect(await watching).toBeInstanceOf(Error);
  } finally {
    await world.close();
  }
});
