// What is left of a key in the words of an error.
import { expect, test } from "vitest";
import { hideSecrets } from "../../activities/model/hide-secrets.ts";
import { toFailure } from "../../activities/model/to-failure.ts";

test.each([
  ["invalid key sk-ant-api03-AbC_d-9 given", "invalid key sk-ant-… given"],
  ["Authorization: Bearer abc.def-123456", "Authorization: Bearer …"],
  ["cannot call http://me:secret@proxy/v1", "cannot call http://me:…@proxy/v1"],
  [
    "the bearer of bad news, at http://127.0.0.1:9/v1",
    "the bearer of bad news, at http://127.0.0.1:9/v1",
  ],
])("%s", (text, shown) => {
  expect(hideSecrets(text)).toBe(shown);
});

test("an error is cut to half a kilobyte, without its key, whatever it is", () => {
  const failure = toFailure(new Error(`sk-ant-secret ${"ü".repeat(10_000)}`));
  expect(failure.message).not.toContain("secret");
  expect(Buffer.byteLength(failure.message)).toBeLessThanOrEqual(600);
});
