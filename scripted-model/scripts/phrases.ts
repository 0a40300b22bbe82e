// What a person may say to the scripted supervisor.
import type { Conversation } from "../conversation.ts";
import type { ToolCall } from "../reply.ts";
import {
  findOpen,
  isSurvey,
  narrowTestsCall,
  readTour,
  startCall,
  surveyCalls,
  type Tour,
} from "./tour.ts";

export interface Part {
  readonly lines: readonly string[];
  readonly calls: readonly ToolCall[];
}

interface Phrase {
  readonly words: RegExp;
  readonly answer: (found: RegExpExecArray, conversation: Conversation) => Part;
}

const call = (name: string, input: Record<string, unknown> = {}): Part => ({
  lines: [],
  calls: [{ name, input }],
});

const phrases: readonly Phrase[] = [
  { words: /^\s*list( all)?( my)? tasks\b/i, answer: () => call("list_async_tasks") },
  {
    words: /^\s*delegate:\s*(.+)/is,
    answer: (found, conversation) => ({
      lines: [],
      calls: [startCall(conversation, "researcher", found[1] ?? "")],
    }),
  },
  {
    words: /^\s*(?:ask|sync):\s*(.+)/is,
    answer: (found) => call("task", { description: found[1] ?? "", subagent_type: "researcher" }),
  },
  {
    words: /^\s*steer\s+(\S+)\s+(.+)/is,
    answer: (found) =>
      call("update_async_task", { task_id: found[1] ?? "", message: found[2] ?? "" }),
  },
  {
    words: /^\s*cancel\s+(\S+-\S+)/i,
    answer: (found) => call("cancel_async_task", { task_id: found[1] ?? "" }),
  },
  {
    words: /^\s*check\s+(\S+-\S+)/i,
    answer: (found) => call("check_async_task", { task_id: found[1] ?? "" }),
  },
];

export function answerPerson(text: string, conversation: Conversation): Part {
  const part = find(text, conversation);
  const missing = part.calls.find(({ name }) => !conversation.tools.has(name));
  return missing
    ? { lines: [`That needs the tool ${missing.name}, which this agent does not have.`], calls: [] }
    : part;
}

function find(text: string, conversation: Conversation): Part {
  for (const { words, answer } of phrases) {
    const found = words.exec(text);
    if (found) return answer(found, conversation);
  }
  if (isSurvey(text)) {
    const lines = ["Splitting the survey into four background tasks (scripted model, not Claude)."];
    return { lines, calls: surveyCalls(conversation) };
  }
  const tour = readTour(conversation);
  if (tour && isChange(text)) return change(text, conversation, tour);
  if (/\bdoing\b|\bstatus\b|progress|how (is|are)\b.*\bgoing|right now/i.test(text))
    return call("list_async_tasks");
  return { lines: help, calls: [] };
}

const help = [
  "I am the scripted model, not Claude: I follow fixed scripts, so that Bosun can be tried offline. I understand:",
  '- "survey this workspace and write a report": four background tasks, then artifacts/report.md',
  '- "list tasks", "what is each of them doing right now?", "check TASK_ID"',
  '- "delegate: TEXT" (in the background), "ask: TEXT" (waits for the answer)',
  '- "steer TASK_ID MESSAGE", "cancel TASK_ID"',
  '- during a survey: "Loose ends: leave out Markdown files. Tests: stop it, only count test files."',
];

function isChange(text: string): boolean {
  return (
    /\bloose ends?\b|\btests?\b/i.test(text) &&
    /leave out|rank|stop|cancel|narrow|only|instead|chang|without|skip/i.test(text)
  );
}

function change(text: string, conversation: Conversation, tour: Tour): Part {
  const clauses = text.split(/(?=\bloose ends?\b)|(?=\btests?\s*:)/i);
  const loose = clauses.find((clause) => /^loose ends?/i.test(clause));
  const tests = clauses.find((clause) => !/^loose/i.test(clause) && /\btests?\b/i.test(clause));
  const parts = [
    ...(loose ? [steerLooseEnds(loose, tour)] : []),
    ...(tests && /stop|cancel|narrow|only|instead/i.test(tests)
      ? [narrowTests(conversation, tour)]
      : []),
  ];
  return { lines: parts.flatMap(({ lines }) => lines), calls: parts.flatMap(({ calls }) => calls) };
}

function steerLooseEnds(clause: string, tour: Tour): Part {
  const task = findOpen(tour, /loose/i);
  if (!task)
    return { lines: ["Loose ends has ended already, so there is nothing to steer."], calls: [] };
  const message = clause.replace(/^loose ends?\s*[:,-]?\s*/i, "").trim();
  return {
    ...call("update_async_task", { task_id: task.id, message }),
    lines: ["Passing the note on to loose ends."],
  };
}

function narrowTests(conversation: Conversation, tour: Tour): Part {
  const task = findOpen(tour, /^tests/i);
  const start = narrowTestsCall(conversation, task?.id ?? "a broader task that has ended");
  if (!task)
    return {
      lines: ["The broad tests task has ended already, starting the narrower one."],
      calls: [start],
    };
  const stop = {
    name: "cancel_async_task",
    input: { task_id: task.id, reason: "too broad, a narrower task replaces it" },
  };
  return {
    lines: ["Stopping the broad tests task and starting a narrower one."],
    calls: [stop, start],
  };
}
