// Text in lines of a width.
import cliTruncate from "cli-truncate";
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";

/** Keeps the indentation of each line, also where it goes on below. */
export function wrapText(text: string, width: number): readonly string[] {
  return text.split("\n").flatMap((line) => {
    const indent = /^ */.exec(line)?.[0].slice(0, Math.floor(width / 2)) ?? "";
    const words = line.slice(indent.length).trimEnd();
    const wrapped = wrapAnsi(words, width - indent.length, { hard: true, trim: true });
    return wrapped.split("\n").map((part) => `${indent}${part}`);
  });
}

/** Cut to a width. A character two columns wide on the edge goes too. */
export function cutLine(text: string, width: number, at: "end" | "middle" = "end"): string {
  const cut = cliTruncate(text, width, { position: at });
  return stringWidth(cut) > width ? cutLine(text, width - 1, at) : cut;
}
