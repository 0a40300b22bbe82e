// Texts cut to fit, and ids.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isWorkflowId, toSupervisorId, toTaskId } from "../../protocol/ids.ts";
import { byteLength, cutJson, cutText, jsonLength, toLine } from "../../protocol/text.ts";
import { anyText, holds } from "./property.ts";

const marks = fc.constantFrom("…", "", "… (cut)");

test(
  "a cut text never exceeds its limit, splits no character and is a beginning of the whole",
  holds(
    fc.tuple(anyText(200), fc.nat(400), marks),
    ([text, most, mark]) => {
      const cut = cutText(text, most, mark);
      expect(byteLength(cut)).toBeLessThanOrEqual(Math.max(most, byteLength(mark)));
      if (byteLength(text) <= most) return expect(cut).toBe(text);
      const head = cut.slice(0, cut.length - mark.length);
      expect(cut.endsWith(mark) && text.startsWith(head)).toBe(true);
      expect(!/\p{Cs}/u.test(cut)).toBe(true);
    },
    2_000,
  ),
);

test(
  "a cut loses less than one character",
  holds(
    fc.tuple(fc.string({ unit: fc.constantFrom("a", "é", "€", "𝄞"), maxLength: 80 }), fc.nat(200)),
    ([text, most]) => {
      if (byteLength(text) <= most || most < 3) return;
      expect(byteLength(cutText(text, most))).toBeGreaterThan(most - 4);
    },
    2_000,
  ),
);

test(
  "text with halves of characters is cut without a throw",
  holds(
    fc.tuple(fc.array(fc.nat(0xffff), { maxLength: 60 }), fc.nat(120)),
    ([units, most]) => {
      const cut = cutText(String.fromCharCode(...units), most);
      expect(byteLength(cut)).toBeLessThanOrEqual(Math.max(most, 3));
    },
    1_000,
  ),
);

test(
  "a text cut for JSON fits, and no character more would",
  holds(
    fc.tuple(anyText(200), fc.integer({ min: 3, max: 400 })),
    ([text, most]) => {
      const cut = cutJson(text, most);
      expect(jsonLength(cut)).toBeLessThanOrEqual(most);
      if (jsonLength(text) <= most) return expect(cut).toBe(text);
      const head = cut.slice(0, -1);
      expect(text.startsWith(head)).toBe(true);
      const next = String.fromCodePoint(text.codePointAt(head.length) ?? 0);
      expect(jsonLength(`${head}${next}…`)).toBeGreaterThan(most);
    },
    1_000,
  ),
);

test(
  "a line is one line and fits",
  holds(
    fc.tuple(anyText(200), fc.integer({ min: 3, max: 300 })),
    ([text, most]) => {
      const line = toLine(text, most);
      expect(line).not.toMatch(/[\n\r\t]/);
      expect(byteLength(line)).toBeLessThanOrEqual(most);
    },
    1_000,
  ),
);

const agentName = fc.stringMatching(/^[a-z][a-z0-9-]{0,59}$/);

test(
  "an id of a task or a supervisor is a workflow id",
  holds(fc.tuple(agentName, fc.uuid({ version: 4 })), ([agent, uuid]) => {
    expect(isWorkflowId(toTaskId(agent, uuid))).toBe(true);
    expect(isWorkflowId(toSupervisorId(uuid))).toBe(true);
  }),
);

test(
  "what an id may not hold is no id",
  holds(anyText(120), (text) => {
    expect(isWorkflowId(text)).toBe(
      text.length <= 100 && text !== "" && !/[^A-Za-z0-9_-]/.test(text) && !/^[-_]/.test(text),
    );
  }),
);
