// The supervisor or task that a command is about, as a handle.
import type { Bosun } from "../bosun.ts";
import { isRequestError } from "../request-error.ts";
import type { SupervisorHandle } from "../supervisor-handle.ts";
import type { TaskHandle } from "../task-handle.ts";
import { pickId } from "./with-bosun.ts";

export async function pickAgent(
  bosun: Bosun,
  given: string,
): Promise<TaskHandle | SupervisorHandle> {
  return await toHandle(bosun, await pickId(bosun, given, "any"));
}

/** Throws `RequestError`, code `unknown`, when there is neither of this id. */
export async function toHandle(bosun: Bosun, id: string): Promise<TaskHandle | SupervisorHandle> {
  const task = bosun.task(id);
  try {
    await task.view();
    return task;
  } catch (error) {
    if (!isRequestError(error, "wrongKind")) throw error;
    return bosun.supervisor(id);
  }
}
