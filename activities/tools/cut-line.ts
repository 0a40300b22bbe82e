// One line of a file, cut to what is worth showing.

/** Never splits a character: half of one is no valid JSON for the Messages API. */
export function cutLine(line: string, max: number, from = 0): string {
  if (line.length <= max && from === 0) return line;
  const start = isSecondHalf(line, from) ? from + 1 : from;
  const end = isSecondHalf(line, start + max) ? start + max - 1 : start + max;
  const left = line.length - Math.min(end, line.length);
  return `${start > 0 ? "…" : ""}${line.slice(start, end)}${left > 0 ? `… [${left} more characters]` : ""}`;
}

function isSecondHalf(line: string, at: number): boolean {
  const code = line.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff;
}
