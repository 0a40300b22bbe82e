// Text, measured in bytes and cut to fit.

const encoder = new TextEncoder();
// A byte order mark at the beginning is a character like any other.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** In UTF-8. */
export function byteLength(text: string): number {
  return encoder.encode(text).byteLength;
}

/** The longest beginning of a text that fits, with a mark where it was cut. */
export function cutText(text: string, maxBytes: number, mark = "…"): string {
  if (text.length <= maxBytes / 3 || byteLength(text) <= maxBytes) return text;
  const room = Math.max(0, maxBytes - byteLength(mark));
  const head = decoder.decode(encoder.encode(text).subarray(0, room));
  // A character cut in half decodes to U+FFFD.
  return `${head.replace(/\uFFFD+$/, "")}${mark}`;
}

/** What a text takes as a JSON string, its quotes not counted. */
export function jsonLength(text: string): number {
  return byteLength(JSON.stringify(text)) - 2;
}

/** The same, for a text that fits as a JSON string: there a control character takes six bytes. */
export function cutJson(text: string, maxBytes: number, mark = "…"): string {
  if (text.length <= maxBytes / 6 || jsonLength(text) <= maxBytes) return text;
  const cutAt = (bytes: number): string => `${cutText(text, bytes, "")}${mark}`;
  let fits = 0;
  let tooMuch = maxBytes + 1;
  while (tooMuch - fits > 1) {
    const middle = Math.floor((fits + tooMuch) / 2);
    if (jsonLength(cutAt(middle)) <= maxBytes) fits = middle;
    else tooMuch = middle;
  }
  return cutAt(fits);
}

/** One line, for lists and labels. */
export function toLine(text: string, maxBytes: number): string {
  return cutText(text.replaceAll(/\s+/g, " ").trim(), maxBytes);
}

/** The newest items that have room together. */
export function newest<Item>(
  items: readonly Item[],
  most: { readonly count: number; readonly bytes: number },
): readonly Item[] {
  let room = most.bytes;
  const last = items.slice(-most.count);
  const from = last.findLastIndex((item) => (room -= byteLength(JSON.stringify(item)) + 1) < 0);
  return last.slice(from + 1);
}
