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

/** A task, or the supervisor where none is named. */
export async function pickHandle(
  place: Place,
  given: string,
): Promise<TaskHandle | SupervisorHandle> {
  const { bosun, supervisor } = place;
  return given ? await toHandle(bosun, await pickAgent(place, given)) : supervisor;
}

/** The supervisor may ask something itself. */
export async function pickAgent(place: Place, given: string): Promise<string> {
  const { id } = place.supervisor;
  return id.includes(given) ? id : await pickTask(place, given);
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
