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

/** One line, for lists and labels. */
export function toLine(text: string, maxBytes: number): string {
  return cutText(text.replaceAll(/\s+/g, " ").trim(), maxBytes);
}
