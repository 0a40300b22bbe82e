// Text, measured in bytes and cut to fit.

const encoder = new TextEncoder();

export function byteLength(text: string): number {
  return encoder.encode(text).byteLength;
}

/** The longest beginning of a text that fits, with a mark where it was cut. */
export function cutText(text: string, maxBytes: number, mark = "…"): string {
  if (text.length <= maxBytes / 3 || byteLength(text) <= maxBytes) return text;
  const room = Math.max(0, maxBytes - byteLength(mark));
  const head = new TextDecoder().decode(encoder.encode(text).subarray(0, room));
  // A character cut in half decodes to U+FFFD.
  return `${head.replace(/\uFFFD+$/, "")}${mark}`;
}

export function jsonLength(text: string): number {
  return byteLength(JSON.stringify(text));
}

/** The same for a text that travels as JSON, where quotes and control characters take more room. */
export function cutJson(text: string, maxBytes: number, mark = "…"): string {
  let cut = cutText(text, maxBytes, mark);
  for (let size = jsonLength(cut); size > maxBytes && cut.length > 1; size = jsonLength(cut)) {
    cut = cutText(cut, Math.floor((byteLength(cut) * maxBytes) / size) - 1, mark);
  }
  return cut;
}

/** One line, for lists and labels. */
export function toLine(text: string, maxBytes: number): string {
  return cutText(text.replaceAll(/\s+/g, " ").trim(), maxBytes);
}
