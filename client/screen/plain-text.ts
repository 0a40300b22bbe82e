// Text of agents and files, safe to show on a terminal.
import { stripVTControlCharacters } from "node:util";

/** Control characters, and marks that turn the direction of writing. */
const unsafe =
  // oxlint-disable-next-line no-control-regex -- these are what is removed
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/** Keeps line breaks. A tab becomes two spaces. */
export function toPlainText(text: string): string {
  const lines = text.replaceAll(/\r\n?/g, "\n").replaceAll("\t", "  ");
  return stripVTControlCharacters(lines).replaceAll(unsafe, "");
}

/** The same on one line. */
export function toPlainLine(text: string): string {
  return toPlainText(text).replaceAll(/\s+/g, " ").trim();
}
