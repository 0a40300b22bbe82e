// Whether a text may be sent at all.
import { limitDefaults } from "../protocol/settings.ts";
import { byteLength } from "../protocol/text.ts";
import { RequestError } from "./request-error.ts";

/** Throws `RequestError`, code `refused`, before anything is sent. */
export function checkText(text: string, kind: "message" | "note"): void {
  checkWords(text, kind, limitDefaults.maxMessageBytes);
}

/** The same for words that have a length of their own. */
export function checkWords(text: string, kind: string, most: number): void {
  if (text.trim() === "") throw new RequestError("refused", `The ${kind} is empty.`);
  const bytes = byteLength(text);
  if (bytes > most) {
    throw new RequestError(
      "refused",
      `The ${kind} has ${bytes} bytes, at most ${most} are taken. Put it into a file of the workspace and name the file.`,
    );
  }
}
