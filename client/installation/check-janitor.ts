// Doctor's question about the janitor.
import { Client, type Connection, WorkflowNotFoundError } from "@temporalio/client";
import { toJanitorId } from "../../protocol/ids.ts";
import type { JanitorReport } from "../../protocol/janitor.ts";
import { memoKeys } from "../../protocol/views.ts";
import { reason } from "../command-error.ts";
import { type Check, ok, warn } from "./checks.ts";

const name = "janitor";
const remedy = "Every worker starts it: bosun worker (or bosun up)";

/** Whether somebody ends the tasks that nobody waits for. Needs no worker. */
export async function checkJanitor(
  connection: Connection,
  namespace: string,
  installation: string,
): Promise<Check> {
  const client = new Client({ connection, namespace });
  try {
    const { status, memo, raw } = await client.workflow
      .getHandle(toJanitorId(installation))
      .describe();
    if (status.name !== "RUNNING") return warn(name, `has ended: ${status.name}`, remedy);
    const report = memo?.[memoKeys.janitor] as JanitorReport | undefined;
    const looked = raw.pendingActivities?.find((one) => one.lastStartedTime)?.lastStartedTime;
    return ok(name, `${toCounts(report)}${looked ? `, last look ${toAge(looked.seconds)}` : ""}`);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return warn(name, "has never run", remedy);
    return warn(name, reason(error), remedy);
  }
}

function toCounts(report: JanitorReport | undefined): string {
  if (!report) return "has not looked yet";
  const { ended, forced, stopping } = report;
  const open = stopping > 0 ? `, ${stopping} asked to stop` : "";
  return `${ended} tasks ended that nobody waited for, ${forced} of them by force${open}`;
}

function toAge(seconds: unknown): string {
  return `${Math.max(0, Math.round(Date.now() / 1_000 - Number(seconds)))} s ago`;
}
