// Long messages, kept as files that the agent reads in pages.
import { byteLength, cutText } from "../../protocol/text.ts";
import { checkCall } from "../../protocol/tools/tools.ts";
import { type Agent, shortId } from "../agent/agent.ts";
import type { InboxItem } from "../agent/inbox.ts";
import { answerCall } from "../turn/run-call.ts";

/** What one message may take of a transcript, and what of a longer one stays in sight. */
const longBytes = 16_000;
const shownBytes = 4_000;

type MessageItem = Extract<InboxItem, { type: "message" }>;

/** What the tool that reads a file shows of one line. A longer line could not be read to its end. */
const lineLength = 1_900;

function isPaged(text: string): boolean {
  return byteLength(text) > longBytes && text.split("\n").every((line) => line.length < lineLength);
}

/** Done before a step boundary. A message that cannot be kept stays whole where it is. */
export async function keepLongMessages(agent: Agent): Promise<void> {
  const canRead = agent.state.definition?.tools.some((tool) => tool.name === "read_file");
  if (!canRead) return;
  const long = agent.state.inbox.filter(
    (item): item is MessageItem => item.type === "message" && isPaged(item.text),
  );
  for (const item of long) {
    const text = await keep(agent, item.text);
    agent.state.inbox = agent.state.inbox.map((one) => (one === item ? { ...item, text } : one));
  }
}

async function keep(agent: Agent, text: string): Promise<string> {
  const id = shortId("message-");
  const path = `artifacts/messages/${id}.md`;
  const call = checkCall("write_file", { path, content: text }, ["write_file"]);
  if (!call.ok) return text;
  const answer = await answerCall(agent, id, call);
  if (answer.isError) return text;
  const rest = `\n\n[The message goes on: it has ${byteLength(text)} bytes and is kept whole as ${path}. Read it there before you answer.]`;
  return `${cutText(text, shownBytes)}${rest}`;
}
