// What the scripted model answers in the first set.
import type { Rule } from "../../test/support/scripted-model.ts";

/** Who is asked is said by the first line of its prompt. */
export const supervisor = { system: "^# supervisor" };
export const task = { system: "^# researcher" };

/** Tasks that are started by one answer. */
function starts(count: number): readonly { readonly name: string; readonly input: object }[] {
  return Array.from({ length: count }, (_, index) => ({
    name: "start_async_task",
    input: { description: `part ${index}`, subagent_type: "researcher" },
  }));
}

/** A supervisor that starts tasks when it is told to go, and takes note of everything else. */
export function supervisorStarts(count: number): readonly Rule[] {
  return [
    { when: { ...supervisor, lastUser: "^go" }, reply: { toolCalls: starts(count) } },
    { when: supervisor, reply: { text: "Heard." } },
  ];
}

/** A task that calls a tool so many times before it answers, each time for something else. */
export function taskWith(calls: number, reply: Rule["reply"] = {}): readonly Rule[] {
  return [
    ...Array.from({ length: calls }, (_, turn) => ({
      when: { ...task, assistantTurns: turn },
      reply: { toolCalls: [{ name: "list_files", input: { pattern: `*.${turn}` } }], ...reply },
    })),
    { when: task, reply: { text: "Done.", ...reply } },
  ];
}
