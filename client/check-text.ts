// Whether a text may be sent at all.
import { byteLength } from "../protocol/text.ts";
import { RequestError } from "./request-error.ts";

/** Throws `RequestError`, code `refused`, before anything is sent. */
export function checkText(text: string, kind: string, most: number): void {
  if (text.trim() === "") throw new RequestError("refused", `The ${kind} is empty.`);
  const bytes = byteLength(text);
  if (bytes > most) {
    throw new RequestError(
      "refused",
      `The ${kind} has ${bytes} bytes, at most ${most} are taken. Put it into a file of the workspace and name the file.`,
    );
  }
}
