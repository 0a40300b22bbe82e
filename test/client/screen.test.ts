// What is drawn, at every width, from any text of an agent.
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { renderAgents } from "../../client/screen/agent-list.ts";
import { renderBudget } from "../../client/screen/budget-lines.ts";
import { renderEntry } from "../../client/screen/feed-lines.ts";
import { toCount, toDuration } from "../../client/screen/figures.ts";
import { toPalette } from "../../client/screen/palette.ts";
import { toPlainLine, toPlainText } from "../../client/screen/plain-text.ts";
import { renderInbox } from "../../client/screen/request-lines.ts";
import { renderCheck } from "../../client/screen/task-card.ts";
import { renderTree, toTitle } from "../../client/screen/task-tree.ts";
import { renderTranscript } from "../../client/screen/transcript-lines.ts";
import { wrapText } from "../../client/screen/wrap-text.ts";
import type { SupervisorView } from "../../client/supervisor-view.ts";
import type { WaitingRequest } from "../../client/waiting-requests.ts";
import type { FeedEvent } from "../../protocol/feed.ts";
import type { LiveCall } from "../../protocol/live-call.ts";
import type { OpenRequest } from "../../protocol/requests.ts";
import { noUsage } from "../../protocol/turn.ts";
import type { TaskView } from "../../protocol/views.ts";

const now = new Date("2026-11-21T10:01:05.000Z");
const palette = toPalette(false);

function task(taskId: string, more: Partial<TaskView> = {}): TaskView {
  return {
    taskId,
    agent: "researcher",
    description: "Structure: list every file of the workspace and weigh them",
    status: "running",
    waitingOn: [],
    parentId: "supervisor-1",
    depth: 1,
    turn: 3,
    startedAt: "2026-11-21T10:00:00.000Z",
    endedAt: null,
    usage: { ...noUsage, inputTokens: 4_000, outputTokens: 120 },
    receipts: [],
    asOf: now.toISOString(),
    ...more,
  };
}

const supervisor: SupervisorView = {
  id: "supervisor-1",
  agent: "supervisor",
  workspace: "/home/somebody/with/a/long/path/to/a/project",
  status: "thinking",
  turn: 4,
  startedAt: "2026-11-21T10:00:00.000Z",
  endedAt: null,
  usage: noUsage,
  backend: "scripted",
  asOf: now.toISOString(),
};

const approval: OpenRequest = {
  requestId: "q-1f04ab",
  callId: "toolu_1",
  kind: "approval",
  tool: "write_file",
  label: "write_file notes.md",
  text: JSON.stringify({ path: "notes.md", content: "one\n  bosun approve other\n文書を調べる" }),
  askedAt: "2026-11-21T10:00:00.000Z",
  expiresAt: "2026-11-28T10:00:00.000Z",
};
const question: OpenRequest = {
  ...approval,
  requestId: "q-77d0c2",
  kind: "answer",
  tool: "ask_human",
  label: "ask_human Which colour?",
  text: "Which colour?",
};

const asked = (request: OpenRequest, more: Partial<WaitingRequest> = {}): WaitingRequest => ({
  ...request,
  id: "writer-00112233aabb",
  agent: "writer",
  description: "Notes: write down what was found",
  supervisorId: "supervisor-1",
  blocks: ["writer-00112233aabb"],
  ...more,
});

const tasks = [
  task("researcher-0123456789ab"),
  task("reviewer-ba9876543210", {
    parentId: "researcher-0123456789ab",
    depth: 2,
    status: "waiting",
    waitingOn: ["model", "quota"],
  }),
  task("writer-00112233aabb", { description: "文書を調べる: 全部", status: "completed" }),
];

const failing: LiveCall = {
  phase: "waiting",
  bytes: 0,
  tail: "",
  attempt: 3,
  lastFailure: "529 that the person at this terminal may want to know of 文書を調べる",
};

const usage = {
  calls: 2,
  inputTokens: 1_000,
  outputTokens: 120,
  cacheReadTokens: 9_000,
  cacheWriteTokens: 300,
  usd: 1.5,
};
const spent = {
  id: "supervisor-1",
  report: {
    budget: {},
    pool: { outputTokens: 2_000_000 },
    spent: { turns: 3, usd: 0, usage },
    own: { turns: 3, usd: 0, usage },
    leases: [{ taskId: "researcher-0123456789ab", amount: { outputTokens: 400_000 } }],
    left: { outputTokens: 1_500_000 },
    unseenCalls: 1,
    kept: true,
    unpriced: "some-model",
    asOf: now.toISOString(),
  },
  tasks,
  total: { usage, agents: [{ agent: "researcher", count: 1, usage }] },
};

describe.each([20, 40, 80, 120])("at %i columns", (width) => {
  const frame = { width, now, palette };

  it("no line of a tree is wider than the screen", () => {
    for (const line of renderTree(tasks, frame))
      expect(stringWidth(line)).toBeLessThanOrEqual(width);
  });

  it("no line of a list is wider than the screen", () => {
    const calls = new Map([
      [supervisor.id, failing],
      [tasks[0]!.taskId, failing],
    ]);
    const lines = renderAgents({ supervisors: [supervisor], tasks }, frame, calls);
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width);
  });

  it("no line of what is asked is wider than the screen, and every word of it is there", () => {
    const asking = task("writer-00112233aabb", {
      status: "waiting",
      waitingOn: ["approval"],
      requests: [approval, question],
    });
    const lines = [
      ...renderInbox([asked(approval), asked(question)], frame),
      ...renderTree([asking], frame),
      ...renderAgents({ supervisors: [{ ...supervisor, requests: [question] }], tasks }, frame),
    ];
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width);
    const text = lines.join("").replaceAll(/[\s│]+/g, "");
    for (const one of ["bosunapprovewriter-00112233aabbq-1f04ab", "Whichcolour?", "文書を調べる"])
      expect(text).toContain(one);
  });

  it("no line of an argument stands without its bar", () => {
    const long = { ...approval, text: JSON.stringify({ content: "xx ".repeat(80) }) };
    const lines = renderInbox([asked(long)], frame).filter((line) => line.includes("xx"));
    for (const line of lines) expect(line).toMatch(/^[a-z ]*│ /);
  });

  it.skipIf(width < 40)("no status and no figure of a task is cut", () => {
    const text = renderTree(tasks, frame).join("\n");
    for (const one of ["waiting: model, quota", "completed"]) expect(text).toContain(one);
    expect(text.match(/1m05s +4\.1k$/gm)).toHaveLength(tasks.length);
  });

  it("no amount of a budget is wider than the screen or cut", () => {
    const lines = renderBudget(spent, frame);
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width);
    const text = lines.join(" ").replaceAll(/\s+/g, " ");
    for (const one of ["2,000,000", "9.0k cached, 300 written", "$1.50", "lease 400,000 output"])
      expect(text).toContain(one);
    expect(text).toContain("The price of some-model is not known: tokens only.");
  });

  it("every task is named", () => {
    const text = renderTree(tasks, frame).join("\n");
    for (const one of ["Structure", "resea", "revie"]) expect(text).toContain(one);
  });

  it("a log line is wrapped", () => {
    const event: FeedEvent = {
      type: "reply",
      text: `${"word ".repeat(50)}${"x".repeat(150)}`,
      answers: [],
    };
    const entry = { n: 1, at: now.toISOString(), turn: 1, event };
    const lines = renderEntry(entry, { width: Math.max(40, width), palette, stamp: "  1.2s " });
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(Math.max(40, width));
  });
});

describe("a tree", () => {
  const frame = { width: 100, now, palette };

  it("shows status, title, id, turn, time and tokens", () => {
    expect(renderTree([task("researcher-0123456789ab")], frame)[0]).toMatch(
      /^● running Structure +researcher-0123456789ab +turn 3 +1m05s +4\.1k$/,
    );
  });

  it("puts children below their parent", () => {
    const lines = renderTree(tasks, frame);
    expect(lines[1]).toMatch(/^ {2}◌ waiting: model, quota/);
  });

  it("says why tasks cannot go on, once below those that share the reason", () => {
    const more = { status: "waiting", waitingOn: ["model"], why: "The model is away." } as const;
    const working = task("c-1", { status: "waiting", waitingOn: ["tasks"], why: "Two are open." });
    const text = renderTree([task("a-1", more), task("b-1", more), working], frame).join("\n");
    expect(text).toMatch(/a-1.*\n.*b-1.*\n {2}The model is away\.\n.*c-1[^\n]*$/);
  });

  it("says what raises a budget that is waited for, in whole", () => {
    const why = "Its budget is used up. Raise it with: bosun budget supervisor-1 --tokens N";
    const waiting = task("a-1", { status: "waiting", waitingOn: ["budget"], why });
    const lines = renderTree([waiting], { ...frame, width: 40 });
    expect(lines.join(" ").replaceAll(/\s+/g, " ")).toContain(why);
  });

  it("shows a task whose parent is not listed", () => {
    expect(renderTree([task("a-1", { parentId: "gone-1" })], frame)).toHaveLength(1);
  });

  it.each([
    [{ status: "failed", reason: "timeout" }, "failed: timeout"],
    [{ status: "cancelled", forced: true }, "cancelled by force"],
    [{ status: "waiting", waitingOn: ["event"], pausedAt: "x" }, "waiting: event, pausing"],
  ] as const)("words for %o", (more, words) => {
    expect(renderTree([task("a-1", { ...more, endedAt: now.toISOString() })], frame)[0]).toContain(
      words,
    );
  });

  it("says what a task owns while it is open", () => {
    const claims = { count: 7, newest: ["docs/json.md", "README.md"] };
    expect(renderTree([task("a-1", { claims })], frame)[1]).toBe(
      "    owns docs/json.md, README.md and 5 more",
    );
    const over = task("a-1", { claims, endedAt: now.toISOString(), status: "completed" });
    expect(renderTree([over], frame)).toHaveLength(1);
  });

  it("takes the label of a description as title", () => {
    expect(toTitle({ description: "Loose ends: search", agent: "reviewer" })).toBe("Loose ends");
    expect(toTitle({ description: "search the\nwhole tree", agent: "reviewer" })).toBe(
      "search the whole tree",
    );
    expect(toTitle({ description: "", agent: "reviewer" })).toBe("reviewer");
  });
});

describe("a list", () => {
  const frame = { width: 100, now, palette };

  it("leaves ended supervisors out, and counts them", () => {
    const ended: SupervisorView = { ...supervisor, id: "old-1", status: "ended" };
    const text = renderAgents({ supervisors: [supervisor, ended], tasks: [] }, frame).join("\n");
    expect(text).toContain("1 more has ended");
    expect(text).not.toContain("old-1");
  });

  it("says why a supervisor waits", () => {
    const waiting: SupervisorView = { ...supervisor, status: "waiting", why: "the key is wrong" };
    expect(renderAgents({ supervisors: [waiting], tasks: [] }, frame).join("\n")).toContain(
      "the key is wrong",
    );
  });
});

describe("what waits for a person", () => {
  const frame = { width: 80, now, palette };

  it("may be nothing", () => {
    expect(renderInbox([], frame)).toEqual(["Nothing waits for a person."]);
  });

  it("says who asks, what, what stands still, until when, and how to decide", () => {
    const blocks = ["writer-00112233aabb", "reviewer-ba9876543210"];
    expect(renderInbox([asked(approval, { blocks })], frame)).toEqual([
      "1 request waits for a person, oldest first.",
      "",
      "q-1f04ab approval, asked 1m05s ago",
      "  from     writer, writer-00112233aabb of supervisor-1",
      "  asks     write_file notes.md",
      "  with     │ path: notes.md",
      "           │ content: one",
      "           │   bosun approve other",
      "           │ 文書を調べる",
      "  blocks   this task: Notes: write down what was found",
      "           reviewer-ba9876543210, which waits for it",
      "  until    2026-11-28T10:00:00.000Z (6d23h left, then it counts as denied)",
      "  decide   bosun approve writer-00112233aabb q-1f04ab",
      "           bosun deny writer-00112233aabb q-1f04ab",
    ]);
  });

  it("is counted, and a question takes an answer", () => {
    const own = { id: "supervisor-1", description: "", blocks: ["supervisor-1"] };
    const text = renderInbox([asked(approval), asked(question, own)], frame).join("\n");
    expect(text).toMatch(/^2 requests wait /);
    expect(text).toMatch(/^ {2}from {5}writer, supervisor-1$/m);
    expect(text).toMatch(/^ {2}decide {3}bosun answer supervisor-1 TEXT q-77d0c2$/m);
  });

  it("says so when its time is up or was prolonged", () => {
    const late = { ...question, expiresAt: "2026-11-21T10:01:00.000Z", extended: true };
    expect(renderInbox([asked(late)], frame).join("\n")).toContain(
      "(its time is up, prolonged once)",
    );
  });

  it("shows arguments that were cut as they are, and where the rest stands", () => {
    const cut = { ...approval, text: '{"path":"notes.md","content":"on…' };
    const text = renderInbox([asked(cut)], frame).join("\n");
    expect(text).toContain('│ {"path":"notes.md","content":"on…');
    expect(text).toContain("The rest: bosun transcript writer-00112233aabb");
  });

  it("stands below its task in a list, three at most, and in full in a check", () => {
    const requests = [approval, question, approval, approval];
    const asking = task("writer-1", { status: "waiting", waitingOn: ["approval"], requests });
    const [, words, command] = renderTree([asking], frame);
    expect(words).toBe("    asks to do: write_file notes.md");
    expect(command).toBe("    bosun approve writer-1 q-1f04ab (or deny)");
    expect(renderTree([asking], frame).at(-1)).toBe("    and 1 more: bosun inbox");
    const check = renderCheck(asking, {}, frame).join("\n");
    expect(check.match(/ decide /g)).toHaveLength(4);
  });

  it("says that its model call is tried again, and why", () => {
    const running = task("writer-1", { status: "running" });
    const toText = (attempt: number) => {
      const live = {
        phase: "waiting",
        bytes: 0,
        tail: "",
        attempt,
        lastFailure: "no\nanswer",
      } as const;
      return renderCheck(running, { live }, frame).join("\n");
    };
    expect(toText(3)).toMatch(/call +attempt 3, after: no answer/);
    expect(toText(1)).not.toContain("attempt");
  });
});

describe("text of an agent", () => {
  it("cannot move the cursor, set a title or ring", () => {
    const text = "a\u001B[2Jb\u001B]0;title\u0007c\u0007d\rE\u202Ef\u009B31mg";
    // oxlint-disable-next-line no-control-regex -- these are what must be gone
    expect(toPlainText(text)).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/);
    expect(toPlainLine("a\n\n b")).toBe("a b");
  });

  it("keeps indentation where it is wrapped", () => {
    expect(wrapText("  - one two three", 10)).toEqual(["  - one", "  two", "  three"]);
  });

  it("is cleaned in every view", () => {
    const bad = "x\u001B[31my";
    const views = [
      ...renderTree([task("a-1", { description: bad })], { width: 90, now, palette }),
      ...renderCheck(
        task("a-1", { description: bad, why: bad }),
        {},
        {
          width: 90,
          now,
          palette,
        },
      ),
      ...renderInbox([asked({ ...approval, label: bad, text: bad }, { description: bad })], {
        width: 90,
        now,
        palette,
      }),
      ...renderTranscript(
        {
          generation: 1,
          total: 1,
          messages: [{ role: "user", content: [{ type: "text", text: bad }] }],
        },
        { width: 90, palette },
      ),
      ...renderEntry(
        { n: 1, at: "", turn: 1, event: { type: "reply", text: bad, answers: [] } },
        { width: 90, palette, stamp: "" },
      ),
    ];
    expect(views.join("\n")).not.toContain("\u001B");
  });
});

describe("figures", () => {
  it.each([
    [-5, "0s"],
    [7_900, "7s"],
    [185_000, "3m05s"],
    [7_800_000, "2h10m"],
    [352_800_000, "4d02h"],
  ])("%i ms is %s", (ms, text) => expect(toDuration(ms)).toBe(text));

  it.each([
    [950, "950"],
    [4_123, "4.1k"],
    [9_960, "10k"],
    [120_400, "120k"],
    [999_600, "1.0M"],
  ])("%i tokens are %s", (count, text) => expect(toCount(count)).toBe(text));
});

it("colour is only used where it is wanted", () => {
  const plain = renderTree(tasks, { width: 90, now, palette }).join("\n");
  const painted = renderTree(tasks, { width: 90, now, palette: toPalette(true) }).join("\n");
  expect(plain).not.toContain("\u001B");
  expect(painted).toContain("\u001B[");
});
