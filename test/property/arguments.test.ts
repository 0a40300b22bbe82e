// Arguments and messages that nobody would send.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  personMessageShape,
  reasonShape,
  steeringNoteShape,
  taskEventShape,
} from "../../protocol/message-shapes.ts";
import { byteLength } from "../../protocol/text.ts";
import { checkCall, type ToolName, toolSpecs } from "../../protocol/tools/tools.ts";
import { anyText, longText, holds } from "./property.ts";

const names = Object.keys(toolSpecs) as ToolName[];
const anyName = fc.oneof(
  fc.constantFrom<string>(...names, "__proto__", "constructor", "toString", ""),
  anyText(30),
);
/** Keys that the tools know, those that objects have by themselves, and others. */
const key = fc.oneof(
  fc.constantFrom(
    "path",
    "pattern",
    "offset",
    "limit",
    "glob",
    "content",
    "old_text",
    "new_text",
    "task_id",
    "taskId",
    "agent",
    "prompt",
    "description",
    "subagent_type",
    "detail",
    "message",
    "when",
    "status_filter",
    "statusFilter",
    "reason",
    "replace_all",
    "constructor",
    "toString",
  ),
  anyText(20),
);
const value = fc.oneof(
  fc.jsonValue(),
  anyText(40),
  longText(30_000),
  fc.constantFrom<unknown>("now", "all", "status", 1, 0, -1, 2_000, true, null, undefined, NaN),
);
const input = fc.oneof(
  fc.jsonValue(),
  value,
  fc.dictionary(key, value, { maxKeys: 6 }),
  longText(100_000).map((long) => ({ [long]: 1 })),
);

test(
  "no arguments make the check throw, and its words stay short",
  holds(
    fc.tuple(anyName, input),
    ([name, given]) => {
      const checked = checkCall(name, given, names);
      if (checked.ok) expect(byteLength(checked.label)).toBeLessThanOrEqual(200);
      else expect(byteLength(checked.error)).toBeLessThanOrEqual(3_000);
    },
    3_000,
  ),
);

test(
  "a synonym is taken for its argument only, never what an object has by itself",
  holds(
    fc.constantFrom("constructor", "toString", "valueOf", "hasOwnProperty"),
    (name) => {
      const given = { task_id: "researcher-1", [name]: 1 };
      const checked = checkCall("cancel_async_task", given, names);
      expect(checked).toMatchObject({ ok: false });
      if (!checked.ok) expect(checked.error).toContain(`"${name}"`);
    },
    4,
  ),
);

test(
  "no signal makes its shape throw, and what passes is what the agent relies on",
  holds(
    fc.oneof(
      fc.jsonValue(),
      value,
      fc.record(
        {
          id: anyText(5),
          text: anyText(5),
          from: fc.constantFrom("person", "supervisor", 1),
          noteId: anyText(5),
          message: anyText(5),
          when: fc.constantFrom("now", "later"),
          taskId: anyText(5),
          seq: fc.oneof(fc.integer(), fc.double()),
          event: fc.oneof(
            fc.jsonValue(),
            fc.record({ type: fc.constantFrom("waiting", "resumed"), why: anyText(5) }),
          ),
        },
        { requiredKeys: [] },
      ),
    ),
    (given) => {
      const note = steeringNoteShape().safeParse(given);
      if (note.success) expect(note.data.message.trim()).not.toBe("");
      const message = personMessageShape().safeParse(given);
      if (message.success) expect(message.data.id.length).toBeGreaterThan(0);
      const news = taskEventShape().safeParse(given);
      if (news.success) expect(Number.isSafeInteger(news.data.seq)).toBe(true);
      expect(reasonShape().safeParse(given).success).toBe(typeof given === "string");
    },
    2_000,
  ),
);
