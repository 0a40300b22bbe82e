// The smallest Temporal program that makes the same calls.
import type Anthropic from "@anthropic-ai/sdk";
import {
  condition,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setHandler,
  startChild,
} from "@temporalio/workflow";
import type { BareActivities } from "./activities.ts";

export const say = defineUpdate<void, [string]>("say");
export const end = defineSignal("end");
const event = defineSignal("event");

type Run = (call: Anthropic.ToolUseBlock) => Promise<string>;

const { callModel, listFiles } = proxyActivities<BareActivities>({ startToCloseTimeout: "10m" });

/** Answers whoever speaks and whatever ends, until it is told to end. */
export async function conversation(): Promise<void> {
  const inbox: string[] = [];
  let ending = false;
  setHandler(say, (text) => void inbox.push(text));
  setHandler(end, () => void (ending = true));
  const messages: Anthropic.MessageParam[] = [];
  const delegate: Run = async ({ input }) => {
    const { description } = input as { readonly description: string };
    const child = await startChild(task, { args: [description] });
    void child.result().then((text) => inbox.push(`${child.workflowId} has ended: ${text}`));
    return `Started ${child.workflowId}.`;
  };
  for (;;) {
    await condition(() => inbox.length > 0 || ending);
    if (ending) return;
    await answer("supervisor", messages, inbox, delegate);
  }
}

export async function task(description: string): Promise<string> {
  let came = false;
  setHandler(event, () => void (came = true));
  return await answer("researcher", [], [description], async ({ name }) => {
    if (name !== "wait_for_event") return await listFiles();
    await condition(() => came, "60m");
    return "It came.";
  });
}

/** Model calls and the tool calls they ask for, until there are none. */
async function answer(
  agent: string,
  messages: Anthropic.MessageParam[],
  inbox: string[],
  run: Run,
): Promise<string> {
  let results: Anthropic.ToolResultBlockParam[] = [];
  for (;;) {
    const texts = inbox.splice(0).map((text) => ({ type: "text", text }) as const);
    messages.push({ role: "user", content: [...results, ...texts] });
    const content = await callModel(agent, messages);
    messages.push({ role: "assistant", content });
    const calls = content.filter((block) => block.type === "tool_use");
    if (calls.length === 0)
      return content.map((block) => (block.type === "text" ? block.text : "")).join("");
    results = await Promise.all(
      calls.map(async (call) => ({
        type: "tool_result",
        tool_use_id: call.id,
        content: await run(call),
      })),
    );
  }
}
