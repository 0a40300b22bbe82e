// Where a slash command is typed, and whom its words mean.
import type { Bosun } from "../bosun.ts";
import { pickId, toHandle } from "../commands/pick-agent.ts";
import type { Frame } from "../screen/frame.ts";
import type { SupervisorHandle } from "../supervisor-handle.ts";
import type { TaskHandle } from "../task-handle.ts";

export interface Place {
  readonly bosun: Bosun;
  readonly supervisor: SupervisorHandle;
  readonly frame: Frame;
  /** Ends the chat. */
  readonly leave: () => void;
}

/** The supervisor, which may ask something itself, where it or none is named. Else a task. */
export async function pickHandle(
  place: Place,
  given: string,
): Promise<TaskHandle | SupervisorHandle> {
  const { bosun, supervisor } = place;
  return supervisor.id.includes(given)
    ? supervisor
    : await toHandle(bosun, await pickTask(place, given));
}

/** Of several that fit, one that is open and belongs to this supervisor is meant. */
export async function pickTask({ bosun, supervisor }: Place, given: string): Promise<string> {
  const own = (await supervisor.tasks()).filter(({ taskId }) => taskId.includes(given));
  const open = own.filter(({ endedAt }) => endedAt === null);
  const [only, other] = open.length > 0 ? open : own;
  return only && !other ? only.taskId : pickId(bosun, given, "task");
}

/** The first word, and all that follows. */
export function split(argument: string): readonly [string, string] {
  const [, first = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(argument) ?? [];
  return [first, rest];
}
