// A command's connection, opened before it and closed after.
import { idRule, isWorkflowId } from "../../protocol/ids.ts";
import type { Bosun } from "../bosun.ts";
import { type Here, openHere } from "../connect-here.ts";
import type { Found } from "../list-executions.ts";
import { isRequestError } from "../request-error.ts";
import { isOver } from "../supervisor-view.ts";
import { CommandError } from "../command-error.ts";
import type { Context } from "./context.ts";

export async function withBosun<T>(
  context: Context,
  work: (bosun: Bosun, here: Here) => Promise<T>,
): Promise<T> {
  const here = await openHere(context.env, context.cwd);
  try {
    return await work(here.bosun, here);
  } finally {
    await here.bosun.close();
  }
}

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
    await bosun.task(id).view();
    return true;
  } catch (error) {
    if (isRequestError(error, "wrongKind")) return true;
    if (isRequestError(error, "unknown")) return false;
    throw error;
  }
}

/** The supervisor a person means without saying so: the newest that runs. */
export async function newestSupervisor(bosun: Bosun): Promise<string | undefined> {
  const { supervisors } = await bosun.list();
  return supervisors.find((view) => !isOver(view))?.id;
}
