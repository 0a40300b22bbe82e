// A line to type on, and a log above it.
import { on } from "node:events";
import {
  clearScreenDown,
  createInterface,
  cursorTo,
  type Interface,
  moveCursor,
} from "node:readline";
import stringWidth from "string-width";

export interface Prompt {
  /** Lines as they are typed. Ends with the input. */
  readonly lines: AsyncGenerator<string, undefined>;
  /** Appends to the log, above what is being typed. */
  print(lines: readonly string[]): void;
  /** One line above the prompt, or none. */
  status(text: string): void;
  close(): void;
}

interface PromptOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly isTty: boolean;
  /** What stands before the typed text. */
  readonly label: string;
  /** Called at Ctrl-C. */
  readonly onInterrupt: () => void;
}

export function openPrompt(options: PromptOptions): Prompt {
  const { input, output, isTty } = options;
  const reader = createInterface({ input, terminal: isTty, ...(isTty && { output }) });
  const lines = readLines(reader);
  reader.on("SIGINT", options.onInterrupt);
  const prompt = isTty ? livePrompt(reader, options) : plainPrompt(output);
  return { ...prompt, lines, close: () => reader.close() };
}

type Display = Pick<Prompt, "print" | "status">;

function plainPrompt(output: NodeJS.WritableStream): Display {
  return {
    print: (lines) => {
      if (lines.length > 0) output.write(`${lines.join("\n")}\n`);
    },
    status: () => undefined,
  };
}

function livePrompt(reader: Interface, { output, label }: PromptOptions): Display {
  let shown = "";
  let closed = false;
  const rise = (rows: number) => {
    moveCursor(output, 0, -rows);
    cursorTo(output, 0);
    clearScreenDown(output);
  };
  reader.once("close", () => {
    closed = true;
    output.write("\n");
  });
  reader.on("line", (line) => {
    // The status above a line that was sent is no part of the log.
    if (shown) {
      rise(rowsOf(`${label}${line}`, output) + 1);
      output.write(`${label}${line}\n`);
    }
    if (!closed) reader.prompt();
  });
  reader.setPrompt(label);
  reader.prompt();
  return {
    print: (lines) => {
      if (lines.length === 0) return;
      const text = `${lines.join("\n")}\n`;
      if (closed) {
        output.write(text);
        return;
      }
      const { rows } = reader.getCursorPos();
      rise(rows);
      // Readline goes up by the rows it had before it writes its prompt again.
      output.write(`${text}${"\n".repeat(rows)}`);
      reader.prompt(true);
    },
    status: (text) => {
      if (text === shown || closed) return;
      shown = text;
      reader.setPrompt(text ? `${text}\n${label}` : label);
      reader.prompt(true);
    },
  };
}

function rowsOf(text: string, output: NodeJS.WritableStream & { columns?: number }): number {
  return Math.floor(stringWidth(text) / (output.columns ?? 80)) + 1;
}

/** Listens from now on, for lines may come before the first is asked for. */
function readLines(reader: Interface): AsyncGenerator<string, undefined> {
  const events = on(reader, "line", { close: ["close"] });
  return toLines(events as AsyncIterable<[string]>);
}

async function* toLines(events: AsyncIterable<[string]>): AsyncGenerator<string, undefined> {
  for await (const [line] of events) yield line;
  return undefined;
}
