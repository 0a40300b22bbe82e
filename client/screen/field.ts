// A name, and what is said under it.
import type { Frame } from "./frame.ts";
import { wrapText } from "./wrap-text.ts";

const nameWidth = 9;
const narrowest = 9;

export function field(name: string, value: string, { width, palette }: Frame): readonly string[] {
  const room = Math.max(narrowest, width - nameWidth - 2);
  return wrapText(value, room).map(
    (line, index) => `  ${palette.faint((index === 0 ? name : "").padEnd(nameWidth))}${line}`,
  );
}
