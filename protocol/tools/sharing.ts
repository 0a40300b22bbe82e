// The tools by which tasks of one tree work beside each other.
import { z } from "zod";
import { shape, type Shaped } from "../shape.ts";
import { claimKeyShape } from "../claims.ts";
import { findingBytes } from "../findings.ts";
import { decided, line, spec } from "./spec.ts";

export const postFindingInput = shape(
  z.strictObject({
    text: z
      .string()
      .trim()
      .min(1)
      .describe(`One fact with its evidence, for example path:line. At most ${findingBytes} bytes`),
  }),
);
export const claimInput = shape(
  z.strictObject({
    key: claimKeyShape().describe(
      "A name that others would choose too, for example the path of a file or the number of an issue",
    ),
  }),
);

export const sharingSpecs = {
  post_finding: spec<Shaped<typeof postFindingInput>>({
    ...decided,
    description:
      "Tell the tasks that work beside you, and whoever started you, one thing that you found and they should know now, before you are done. They see it at their next step, once. It asks nothing of them. Few and short: your results belong into your answer.",
    input: postFindingInput,
    label: (input) => `post_finding ${line(input.text)}`,
  }),
  claim: spec<Shaped<typeof claimInput>>({
    ...decided,
    description:
      "Own a piece of work that another task might do too, until you end. Answers `yours`, or `taken` with the task that owns it: then leave it to that task. Claim before you begin, and claim again when an answer did not come.",
    input: claimInput,
    label: (input) => `claim ${line(input.key)}`,
  }),
};

export type SharingTool = keyof typeof sharingSpecs;

export function isSharingTool(name: string): name is SharingTool {
  return Object.hasOwn(sharingSpecs, name);
}
