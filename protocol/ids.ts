// Names of things: built and parsed in one place.
import { z } from "zod";
import { shape } from "./shape.ts";

/** Workflow ids that are safe in URLs, shells and file names. */
const idPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;

export function isWorkflowId(text: string): boolean {
  return idPattern.test(text);
}

/** The same in words. */
export const idRule =
  "letters, digits, - and _, beginning with a letter or digit, at most 100 characters";

/** The id of a message, by which it counts once. The newest 1,000 are carried along, so they are short. */
export const idShape = shape(
  z.string().regex(/^[!-~]{1,100}$/, "use 1 to 100 visible ASCII characters, no spaces"),
);

/** `<agent>-<12 hex characters>` from a version 4 UUID. */
export function toTaskId(agent: string, uuid: string): string {
  return `${agent}-${uuid.replaceAll("-", "").slice(0, 12)}`;
}

/** The workflow of an attempt at a task: the first one has the task's own id. */
export function toAttemptId(taskId: string, attempt: number): string {
  return attempt > 1 ? `${taskId}-${attempt}` : taskId;
}

export function toSupervisorId(uuid: string): string {
  return toTaskId("supervisor", uuid);
}

/** The one janitor of an installation. */
export function toJanitorId(installation: string): string {
  return `bosun-janitor-${installation}`;
}

/** Every queue of one installation. Two installations on one server never share one. */
export function toQueues(installation: string): Queues {
  return {
    workflows: `bosun-${installation}`,
    watch: `bosun-watch-${installation}`,
    now: `bosun-now-${installation}`,
    models: `bosun-models-${installation}`,
    probes: `bosun-probes-${installation}`,
  };
}

interface Queues {
  /** Workflow tasks. */
  readonly workflows: string;
  /** Activities that only ask Temporal about other workflows. */
  readonly watch: string;
  /** Model calls of a person's turn. */
  readonly now: string;
  /** All other model calls. */
  readonly models: string;
  /** Model calls of agents that wait for the model, to see whether it is back. Few at once. */
  readonly probes: string;
}

/** The queue of tools bound to one host's files. */
export function toHostQueue(installation: string, host: string): string {
  return `bosun-tools-${installation}@${host}`;
}
