// The supervisor or task that a person means.
import { idRule, isWorkflowId } from "../../protocol/ids.ts";
import { workflowTypes } from "../../protocol/workflows.ts";
import type { Bosun } from "../bosun.ts";
import { CommandError } from "../command-error.ts";
import type { Found } from "../list-executions.ts";
import { describe } from "../newest-attempt.ts";
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
  return (await pick(bosun, text, kind)).id;
}

/** The one that is meant, as a handle. */
export function pickHandle(bosun: Bosun, text: string): Promise<TaskHandle | SupervisorHandle> {
  return pick(bosun, text, "any");
}

async function pick(
  bosun: Bosun,
  text: string,
  kind: Found["kind"] | "any",
): Promise<TaskHandle | SupervisorHandle> {
  if (!isWorkflowId(text)) throw new CommandError(`Not an id: "${text}". Ids are ${idRule}.`, 2);
  try {
    return await toHandle(bosun, text);
  } catch (error) {
    if (!isRequestError(error, "unknown")) throw error;
    const found = await findOne(bosun, text, kind);
    if (!found) throw error;
    return found.kind === "task" ? bosun.task(found.id) : bosun.supervisor(found.id);
  }
}

async function findOne(
  bosun: Bosun,
  part: string,
  kind: Found["kind"] | "any",
): Promise<Found | undefined> {
  const found = await bosun.find(part);
  const meant = found.filter((one) => kind === "any" || one.kind === kind);
  if (meant.length < 2) return meant[0];
  const some = meant.slice(0, 5).map(({ id }) => id);
  const more = meant.length > some.length ? ", …" : "";
  throw new CommandError(
    `"${part}" could be any of ${meant.length}: ${some.join(", ")}${more}. Give more of the ${nouns[kind]} id.`,
    2,
  );
}

/** Throws `RequestError`, code `unknown`, when there is neither of this id. */
export async function toHandle(bosun: Bosun, id: string): Promise<TaskHandle | SupervisorHandle> {
  const { type } = await describe(bosun.client, id);
  return type === workflowTypes.subagent ? bosun.task(id) : bosun.supervisor(id);
}

/** The supervisor a person means without saying so: the newest that runs. */
export async function newestSupervisor(bosun: Bosun): Promise<string | undefined> {
  const { supervisors } = await bosun.list();
  return supervisors.find((view) => !isOver(view))?.id;
}
