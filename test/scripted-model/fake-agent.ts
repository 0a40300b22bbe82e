// A tiny tool loop around the real SDK.
import type Anthropic from "@anthropic-ai/sdk";
import { model, type tool } from "./harness.ts";
import type { Outcome } from "./fake-workspace.ts";

export interface Call {
  readonly name: string;
  readonly input: Record<string, string>;
}

interface AgentOptions {
  readonly client: Anthropic;
  readonly system: string;
  readonly tools: readonly ReturnType<typeof tool>[];
  readonly run: (call: Call) => Outcome;
}

/** Far above what any script needs: a loop that does not end fails. */
const maxTurns = 60;

export function createAgent({ client, system, tools, run }: AgentOptions) {
  const messages: Anthropic.MessageParam[] = [];
  const calls: Call[][] = [];
  let inbox: string[] = [];

  async function turn(): Promise<string | null> {
    const texts = inbox.splice(0).map((text) => ({ type: "text" as const, text }));
    const last = messages.at(-1);
    if (texts.length > 0 && last?.role === "user")
      last.content = [...(last.content as []), ...texts];
    else if (texts.length > 0) messages.push({ role: "user", content: texts });
    const params = { model, max_tokens: 8_000, system, tools: [...tools], messages };
    const answer = await client.messages.create({
      ...params,
      cache_control: { type: "ephemeral" },
    });
    messages.push({ role: "assistant", content: answer.content });
    const asked = answer.content.flatMap((block) => (block.type === "tool_use" ? [block] : []));
    if (asked.length === 0)
      return answer.content
        .flatMap((block) => (block.type === "text" ? [block.text] : []))
        .join("\n");
    calls.push(asked.map(({ name, input }) => ({ name, input: input as Call["input"] })));
    const results = asked.map(({ id, name, input }) => {
      const { text, isError = false } = run({ name, input: input as Call["input"] });
      return { type: "tool_result" as const, tool_use_id: id, content: text, is_error: isError };
    });
    messages.push({ role: "user", content: results });
    return null;
  }

  return {
    /** The calls of each turn that made some. */
    calls,
    /** What arrives enters at the next turn, as in Bosun. */
    tell: (...texts: string[]) => (inbox = [...inbox, ...texts]),
    /** Turns until the agent answers in words, at most so many. */
    async work(turns = maxTurns): Promise<string | null> {
      for (let at = 0; at < turns; at += 1) {
        const said = await turn();
        if (said !== null) return said;
      }
      if (turns === maxTurns) throw new Error(`no end after ${maxTurns} turns`);
      return null;
    },
  };
}
