// YAML front matter, each value with its line.
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { toLine } from "../../protocol/text.ts";

/** A file that is no agent. The message begins with file and line. */
export class AgentProblem extends Error {
  override readonly name = "AgentProblem";
}

export interface Field {
  readonly key: string;
  /** Null for a key without a value. */
  readonly value: unknown;
  readonly line: number;
  /** Of a list, each item with its own line. */
  readonly items: readonly { readonly text: string; readonly line: number }[];
}

export interface FrontMatter {
  readonly fields: readonly Field[];
  readonly body: string;
  readonly bodyLine: number;
}

/** `file` is how messages name it. Throws `AgentProblem`. */
export function readFrontMatter(file: string, data: Uint8Array): FrontMatter {
  const text = decode(file, data);
  const [whole, matter] = /^---[ \t]*\n(.*?)^---[ \t]*(?:\n|$)/ms.exec(text) ?? [];
  if (whole === undefined || matter === undefined || !text.startsWith(whole)) {
    throw new AgentProblem(
      `${file}:1: the file has no front matter. Begin it with a line ---, then name: and description:, then a line ---.`,
    );
  }
  const body = text.slice(whole.length);
  return { fields: readFields(file, matter), body, bodyLine: whole.split("\n").length };
}

function decode(file: string, data: Uint8Array): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(data);
    return text.replaceAll("\r\n", "\n");
  } catch {
    throw new AgentProblem(`${file}:1: the file is not UTF-8. Save it as UTF-8 text.`);
  }
}

function readFields(file: string, matter: string): Field[] {
  const counter = new LineCounter();
  const document = parseDocument(matter, { lineCounter: counter, prettyErrors: false });
  // The front matter begins on the second line of the file.
  const lineOf = (offset: number) => counter.linePos(offset).line + 1;
  const [error] = document.errors;
  if (error) throw notYaml(`${file}:${lineOf(error.pos[0])}`, error);
  if (!isMap<Node, Node | null>(document.contents)) return [];
  return document.contents.items.map(({ key, value }) => {
    const line = lineOf(key.range?.[0] ?? 0);
    const toPlain = (node: Node): unknown => toValue(node, document, `${file}:${line}`);
    const items = isSeq<Node>(value) ? value.items : [];
    return {
      key: isScalar(key) ? String(key.value) : "",
      value: value && toPlain(value),
      line,
      items: items.map((node) => ({
        text: String(toPlain(node)),
        line: lineOf(node.range?.[0] ?? 0),
      })),
    };
  });
}

/** A `*` begins an alias in YAML, and an alias may stand for nothing or for far too much. */
function toValue(node: Node, document: Document, at: string): unknown {
  try {
    return node.toJS(document);
  } catch (error) {
    throw notYaml(at, error);
  }
}

function notYaml(at: string, error: unknown): AgentProblem {
  const why = toLine(error instanceof Error ? error.message : String(error), 200);
  return new AgentProblem(
    `${at}: the front matter is not valid YAML: ${why} Put a value that holds ": ", # or * in quotes.`,
  );
}
