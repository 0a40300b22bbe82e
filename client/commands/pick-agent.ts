// The supervisor or task that a person means.
import { idRule, isWorkflowId } from "../../protocol/ids.ts";
import type { Bosun } from "../bosun.ts";
import { CommandError } from "../command-error.ts";
import type { Found } from "../list-executions.ts";
import { isRequestError } from "../request-error.ts";
import type { SupervisorHandle } from "../supervisor-handle.ts";
import { isOver } from "../supervisor-view.ts";
import type { TaskHandle } from "../task-handle.ts";

const nouns = { supervisor: "supervisor", task: "task", any: "supervisor or task" } as const;

/** The one id that is meant: said in full, or by any part that only one id contains. */
export async function pickId(
  bosun: Bosun,
  text: string,
  kind: Found["kind"] | "any",
): Promise<string> {
  if (!isWorkflowId(text)) throw new CommandError(`Not an id: "${text}". Ids are ${idRule}.`, 2);
  if (await exists(bosun, text)) return text;
  const found = await bosun.find(text);
  const meant = found.filter((one) => kind === "any" || one.kind === kind);
  const [first, ...others] = meant;
  if (!first) return text;
  if (others.length === 0) return first.id;
  const some = meant.slice(0, 5).map(({ id }) => id);
  const more = meant.length > some.length ? ", …" : "";
  throw new CommandError(
    `"${text}" could be any of ${meant.length}: ${some.join(", ")}${more}. Give more of the ${nouns[kind]} id.`,
    2,
  );
}

async function exists(bosun: Bosun, id: string): Promise<boolean> {
  try {
    await toHandle(bosun, id);
    return true;
  } catch (error) {
    if (isRequestError(error, "unknown")) return false;
    throw error;
  }
}

/** The one that is meant, as a handle. */
export async function pickHandle(
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

/** The supervisor a person means without saying so: the newest that runs. */
export async function newestSupervisor(bosun: Bosun): Promise<string | undefined> {
  const { supervisors } = await bosun.list();
  return supervisors.find((view) => !isOver(view))?.id;
}
