// A conversation in a few lines, counted and quoted.
import { type Conversation, userTexts } from "./conversation.ts";

const excerpt = (text: string) => (text.length > 300 ? `${text.slice(0, 300)}…` : text);

export function summarize(conversation: Conversation): string {
  const texts = userTexts(conversation);
  const calls = new Map<string, number>();
  for (const { name } of conversation.runs) calls.set(name, (calls.get(name) ?? 0) + 1);
  const counted = [...calls].map(([name, times]) => `${name} × ${times}`).join(", ") || "none";
  return [
    "Summary by the scripted model, not Claude.",
    `First message: ${excerpt(texts[0] ?? "none")}`,
    `Latest message: ${excerpt(texts.at(-1) ?? "none")}`,
    `${conversation.assistantTurns} turns, tool calls: ${counted}.`,
  ].join("\n");
}
