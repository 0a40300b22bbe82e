// Agents that do not get on, and what one can do.
import type { TroubledAgent } from "../troubled-agents.ts";
import { field } from "./field.ts";
import { toDuration } from "./figures.ts";
import type { Frame } from "./frame.ts";
import { toPlainLine } from "./plain-text.ts";
import { wrapText } from "./wrap-text.ts";

/** Below what waits for a person: nothing of this blocks anything. */
export function renderTroubled(agents: readonly TroubledAgent[], frame: Frame): readonly string[] {
  if (agents.length === 0) return [];
  const count = agents.length === 1 ? "1 agent does" : `${agents.length} agents do`;
  return [
    ...wrapText(`${count} not get on. Nothing waits for you here, but you may help.`, frame.width),
    ...agents.flatMap((agent) => ["", ...renderOne(agent, frame)]),
  ];
}

function renderOne(given: TroubledAgent, frame: Frame): readonly string[] {
  const { palette, now, width } = frame;
  const { id, agent, description, supervisorId, text, since } = given;
  const isTask = id !== supervisorId;
  const age = toDuration(now.getTime() - Date.parse(since));
  const head = `${palette.strong(id)} ${palette.wait("in trouble")}, for ${age}`;
  const from = `${toPlainLine(agent)}${isTask ? ` of ${supervisorId}` : ""}`;
  return [
    ...wrapText(head, width),
    ...field("from", from, frame),
    ...(description ? field("task", toPlainLine(description), frame) : []),
    ...field("what", palette.wait(toPlainLine(text)), frame),
    ...field("help", toRemedies(id, isTask), frame),
  ];
}

function toRemedies(id: string, isTask: boolean): string {
  if (!isTask) return `bosun send ${id} TEXT`;
  return [`bosun check ${id} --detail turns`, `bosun steer ${id} TEXT`, `bosun cancel ${id}`].join(
    "\n",
  );
}
