// A property as a test: the same cases every time.
import * as fc from "fast-check";

/** Cases are made from this seed. Another one is tried with `BOSUN_TEST_SEED=n`. */
export const seed = Number(process.env["BOSUN_TEST_SEED"] ?? 20_261_121);

/** A test's body: the claim holds for made-up values. A failure shows the smallest one, the seed and the path to it. */
export function holds<Value>(
  values: fc.Arbitrary<Value>,
  claim: (value: Value) => void,
  runs = 200,
): () => void {
  return () => {
    const property = fc.property(values, (value) => {
      claim(value);
    });
    fc.assert(property, { seed, numRuns: runs, interruptAfterTimeLimit: 8_000 });
  };
}

/** Any text without halves of characters: astral, combining, control and markup. */
export const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: "binary", maxLength }),
    fc.string({ unit: "grapheme", maxLength }),
    fc.string({
      unit: fc.constantFrom("<", ">", '"', "\\", "\n", "\u0000", "\u001b", "é", "𝄞", "\uFEFF"),
      maxLength,
    }),
  );

/** A text of many bytes, cheap to make. */
export const longText = (maxBytes: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom("x", "é", "𝄞", "<", '"', "line\n", "\u0001"), fc.nat(maxBytes))
    .map(([piece, size]) => piece.repeat(Math.floor(size / Buffer.byteLength(piece))));
