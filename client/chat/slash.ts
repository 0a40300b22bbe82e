// What a line that begins with a slash asks for.
import type { Bosun } from "../bosun.ts";
import { pickId } from "../commands/with-bosun.ts";
import { renderAgents } from "../screen/agent-list.ts";
import { renderCheck } from "../screen/task-card.ts";
import type { Frame } from "../screen/task-tree.ts";
import type { SupervisorHandle } from "../supervisor-handle.ts";

export interface SlashCommand {
  readonly words: string;
  readonly meaning: string;
  readonly run: (place: Place, argument: string) => Promise<readonly string[]>;
}

export interface Place {
  readonly bosun: Bosun;
  readonly supervisor: SupervisorHandle;
  readonly frame: Frame;
  /** Ends the chat. */
  readonly leave: () => void;
}

const commands: Readonly<Record<string, SlashCommand>> = {
  tasks: { words: "/tasks", meaning: "every task of this supervisor", run: tasks },
  check: { words: "/check TASK", meaning: "one task as it is now", run: check },
  steer: { words: "/steer TASK MESSAGE", meaning: "a note to a running task", run: steer },
  cancel: { words: "/cancel TASK [REASON]", meaning: "stop a task", run: cancel },
  end: { words: "/end", meaning: "end this supervisor and its tasks", run: end },
  help: { words: "/help", meaning: "this list", run: async () => help() },
  quit: { words: "/quit", meaning: "leave, the supervisor stays (also Ctrl-C)", run: quit },
};

/** Runs one, and returns what to show. */
export async function runSlash(line: string, place: Place): Promise<readonly string[]> {
  const [, name = "", argument = ""] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? [];
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  return command ? command.run(place, argument.trim()) : [`There is no /${name}.`, ...help()];
}

function help(): readonly string[] {
  const lines = Object.values(commands).map(
    ({ words, meaning }) => `  ${words.padEnd(22)} ${meaning}`,
  );
  return ["Anything else is a message to the supervisor.", ...lines];
}

async function tasks({ supervisor, frame }: Place): Promise<readonly string[]> {
  const [view, found] = await Promise.all([supervisor.status(), supervisor.tasks()]);
  return renderAgents({ supervisors: [view], tasks: found }, frame);
}

async function check(place: Place, given: string): Promise<readonly string[]> {
  if (!given) return ["Say which: /check TASK"];
  const { bosun, frame } = place;
  const { view, report, missing } = await bosun.task(await pickTask(place, given)).check();
  return [...renderCheck(view, report, frame), ...(missing ? [`(${missing})`] : [])];
}

/** The receipt comes by the feed. */
async function steer(place: Place, argument: string): Promise<readonly string[]> {
  const [given, message] = split(argument);
  if (!given || !message) return ["Say which and what: /steer TASK MESSAGE"];
  const id = await pickTask(place, given);
  const { noteId } = await place.bosun.task(id).steer(message);
  return [`note ${noteId} sent to ${id}`];
}

async function cancel(place: Place, argument: string): Promise<readonly string[]> {
  const [given, reason] = split(argument);
  if (!given) return ["Say which: /cancel TASK"];
  const id = await pickTask(place, given);
  const { requested, status } = await place.bosun
    .task(id)
    .cancel(reason || "A person cancelled it.");
  return [requested ? `${id}: asked to stop` : `${id} is already ${status}`];
}

/** Of several that fit, one that is open and belongs to this supervisor is meant. */
async function pickTask({ bosun, supervisor }: Place, given: string): Promise<string> {
  const own = (await supervisor.tasks()).filter(({ taskId }) => taskId.includes(given));
  const open = own.filter(({ endedAt }) => endedAt === null);
  const [only, other] = open.length > 0 ? open : own;
  return only && !other ? only.taskId : pickId(bosun, given, "task");
}

async function end({ supervisor }: Place): Promise<readonly string[]> {
  await supervisor.end();
  return ["Asked to end. Its open tasks stop first."];
}

async function quit({ leave }: Place): Promise<readonly string[]> {
  leave();
  return [];
}

function split(argument: string): readonly [string, string] {
  const [, first = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(argument) ?? [];
  return [first, rest];
}
