// The supervisor: delegates, reports, keeps talking.
import type { Conversation } from "../conversation.ts";
import type { Reply } from "../reply.ts";
import { latestNotices, type TaskEnded } from "./notices.ts";
import { describeResults } from "./outcomes.ts";
import { answerPerson } from "./phrases.ts";
import { closingCalls } from "./report.ts";
import { firstLine } from "./tool-text.ts";
import { readTour, toLabel } from "./tour.ts";

const signature = "(scripted model, not Claude)";

export function supervisor(conversation: Conversation): Reply {
  const notices = latestNotices(conversation);
  const answers = notices.flatMap((notice) =>
    notice.kind === "person" ? [answerPerson(notice.text, conversation)] : [],
  );
  const lines = [
    ...describeResults(conversation),
    ...notices.flatMap((notice) =>
      notice.kind === "task_ended" ? [describeEnd(notice.task)] : [],
    ),
    ...answers.flatMap((answer) => answer.lines),
  ];
  const asked = answers.flatMap((answer) => answer.calls);
  const closing = asked.length > 0 ? [] : closingCalls(readTour(conversation));
  const calls = [...asked, ...closing].filter(({ name }) => conversation.tools.has(name));
  if (!conversation.mayCallTools || calls.length === 0) {
    return { text: [...(lines.length > 0 ? lines : ["Noted."]), signature].join("\n") };
  }
  return { ...(lines.length > 0 ? { text: lines.join("\n") } : {}), toolCalls: calls };
}

function describeEnd({ taskId, status, reason, description, summary }: TaskEnded): string {
  const label = description ? toLabel(description) : taskId;
  const said = firstLine(summary);
  const found = said.startsWith(`${label}: `) ? said.slice(label.length + 2) : said;
  if (status === "completed") return `${label} is in: ${found || "no summary"}`;
  if (status === "cancelled") return `${label} is cancelled.`;
  return `${label} ${status}${reason ? ` (${reason})` : ""}: ${found || "no summary"}`;
}
