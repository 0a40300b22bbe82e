// Words without the keys that an error may repeat.

/** Shapes of keys: those of the API, bearer tokens, a password inside an address. */
const shapes: readonly (readonly [RegExp, string])[] = [
  [/sk-ant-[\w-]+/g, "sk-ant-…"],
  [/\b(bearer)\s+[\w.~+/=-]{8,}/gi, "$1 …"],
  [/(\/\/[^\s/:@]*):[^\s/@]+@/g, "$1:…@"],
];

export function hideSecrets(text: string): string {
  return shapes.reduce((words, [shape, instead]) => words.replace(shape, instead), text);
}
