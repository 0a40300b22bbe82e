// The drawings of a task's life, held against recorded histories.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

interface HistoryEvent {
  readonly eventId: string;
  readonly eventType: string;
  readonly [attributes: string]: unknown;
}

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");

const sections = read("docs/task-life.md")
  .split(/^## /m)
  .slice(1)
  .map((text) => ({ title: text.slice(0, text.indexOf("\n")), text }))
  .map((section) => ({ ...section, histories: historiesOf(section.text) }))
  .filter(({ histories }) => histories.size > 0);

/** By the letter under which a section names them. */
function historiesOf(text: string): ReadonlyMap<string, readonly HistoryEvent[]> {
  const named = text.matchAll(/`([A-Z])` is [^[]*\[[^\]]*\]\(\.\.\/(test\/[^)]+)\)/g);
  return new Map(
    [...named].map(([, letter = "", path = ""]) => {
      const { events } = JSON.parse(read(path)) as { events: readonly HistoryEvent[] };
      return [letter, events];
    }),
  );
}

test("there are drawings of seven moments", () => {
  expect(sections.length).toBe(7);
});

test.each(sections)("each event in the drawing of $title is in its history", (section) => {
  const { text, histories } = section;
  const drawing = /```mermaid\n(.*?)```/s.exec(text)?.[1] ?? "";
  const labels = [...drawing.matchAll(/\b([A-Z])(\d+) ([A-Z]\w+)(?: (\w+))?(?=<br>|$)/gm)];
  expect(labels.length).toBeGreaterThan(3);
  const shown = labels.map(([label]) => label);
  const recorded = labels.map(([, letter = "", id = "", , name]) => {
    const found = histories.get(letter)?.find(({ eventId }) => eventId === id);
    const words = [
      `${letter}${id}`,
      found && toType(found),
      name && nameOf(found, histories.get(letter)),
    ];
    return words.filter(Boolean).join(" ");
  });
  expect(shown).toEqual(recorded);
});

test.each(sections)("the drawing of $title tells each history from its beginning on", (section) => {
  const { text, histories } = section;
  for (const letter of histories.keys()) {
    const ids = [...text.matchAll(new RegExp(`\\b${letter}(\\d+) [A-Z]`, "g"))].map(toId);
    expect(ids.length).toBeGreaterThan(0);
    expect(ids).toEqual(ids.toSorted((one, other) => one - other));
  }
});

function toId([, id]: RegExpMatchArray): number {
  return Number(id);
}

/** `EVENT_TYPE_TIMER_FIRED` is `TimerFired`, as the Web UI has it. */
function toType({ eventType }: HistoryEvent): string {
  const words = eventType.replace("EVENT_TYPE_", "").toLowerCase().split("_");
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

/** What an event is about: an activity, a workflow, a signal, an update. */
function nameOf(event: HistoryEvent | undefined, events: readonly HistoryEvent[] = []): string {
  const text = JSON.stringify(event ?? {});
  const [, scheduled] = /"scheduledEventId":"?(\d+)"?/.exec(text) ?? [];
  const origin = events.find(({ eventId }) => eventId === scheduled);
  if (origin) return nameOf(origin, events);
  const [, name] =
    /"(?:activityType|workflowType)":\{"name":"(\w+)"/.exec(text) ??
    /"signalName":"(\w+)"/.exec(text) ??
    /"acceptedRequest":\{.*?"input":\{.*?"name":"(\w+)"/.exec(text) ??
    [];
  return name ?? "no name";
}
