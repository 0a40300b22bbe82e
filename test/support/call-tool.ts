// One tool call of a supervisor, as its model sees it.
import type { SupervisorHandle } from "../../client/index.ts";
import { until, type World } from "./world.ts";

export interface ToolSeen {
  readonly text: string;
  readonly isError: boolean;
}

/** Has a supervisor make one call. Every other turn of its needs a rule of the test's own. */
export async function callTool(
  world: World,
  supervisor: SupervisorHandle,
  name: string,
  input: object,
): Promise<ToolSeen> {
  const mark = `call-${Math.random().toString(36).slice(2)}`;
  await world.model.script(mark, [
    { when: { lastUser: mark }, reply: { content: [{ type: "tool_use", name, input }] } },
    {
      when: { anyUser: mark, afterTool: name, system: "^# supervisor" },
      reply: { text: `done ${mark}` },
    },
  ]);
  await supervisor.ask(mark);
  const { messages } = await until("the transcript", () => supervisor.transcript());
  const results = messages.flatMap((message) =>
    message.content.flatMap((block) => (block.type === "tool_result" ? [block] : [])),
  );
  const last = results.at(-1);
  return {
    text: typeof last?.content === "string" ? last.content : "",
    isError: last?.is_error ?? false,
  };
}
