// A tool's output, cut to what a transcript may take.
import { byteLength } from "../../protocol/text.ts";

export const outputCap = 16_384;
const headBytes = 10_000;
const tailBytes = 5_000;

/** The beginning and the end, with a line between that says where the whole is kept. */
export async function capOutput(text: string, keep: () => Promise<string>): Promise<string> {
  if (byteLength(text) <= outputCap) return text;
  const bytes = Buffer.from(text);
  const head = bytes.subarray(0, toBoundary(bytes, headBytes)).toString();
  const tail = bytes.subarray(toBoundary(bytes, bytes.length - tailBytes)).toString();
  const cut = bytes.length - byteLength(head) - byteLength(tail);
  const where = await keep();
  return `${head}\n[… ${cut} bytes are left out here. ${where}]\n${tail}`;
}

/** The next end of a line, or else of a character. */
function toBoundary(bytes: Buffer, from: number): number {
  const line = bytes.indexOf(10, from);
  if (line >= 0 && line < from + 500) return line + 1;
  let at = from;
  while (((bytes[at] ?? 0) & 0xc0) === 0x80) at += 1;
  return at;
}
