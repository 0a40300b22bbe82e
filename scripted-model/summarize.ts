// A conversation in a few lines, counted and quoted.
import { type Conversation, userTexts } from "./conversation.ts";

const excerpt = (text: string) => (text.length > 300 ? `${text.slice(0, 300)}…` : text);

/** A summary is asked for in plain words, by the last text of a request. */
export function asksForSummary(text: string): boolean {
  return /^\s*(summari[sz]e|compact)\b.*\b(conversation|transcript|so far)\b/is.test(text);
}

export function summarize(conversation: Conversation): string {
  const texts = userTexts(conversation).filter((text) => !asksForSummary(text));
  const calls = new Map<string, number>();
  for (const { name } of conversation.runs) calls.set(name, (calls.get(name) ?? 0) + 1);
  const counted = [...calls].map(([name, times]) => `${name} × ${times}`).join(", ") || "none";
  return [
    "Summary by the scripted model, not Claude.",
    `First message: ${excerpt(toFirstAsked(texts[0] ?? "none"))}`,
    `Latest message: ${excerpt(texts.at(-1) ?? "none")}`,
    `${conversation.assistantTurns} turns, tool calls: ${counted}.`,
  ].join("\n");
}

/** What a conversation began with, also after it was summarized: a summary hands it on. */
export function toFirstAsked(text: string): string {
  const [, json] = /^<bosun-event type="new_transcript">\n(.*?)\n<\/bosun-event>/s.exec(text) ?? [];
  const summary = json === undefined ? undefined : summaryOf(json);
  return /^First message: (.*?)\nLatest message: /ms.exec(summary ?? "")?.[1] ?? text;
}

function summaryOf(json: string): string | undefined {
  try {
    const { summary } = JSON.parse(json) as { summary?: unknown };
    return typeof summary === "string" ? summary : undefined;
  } catch {
    return undefined;
  }
}
