// A command's connection, opened before it and closed after.
import type { Bosun } from "../bosun.ts";
import { type Here, openHere } from "../connect-here.ts";
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
