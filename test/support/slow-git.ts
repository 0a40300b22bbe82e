// Git that takes its time over one command when it is told to.
import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const seconds = 3;

export interface SlowGit {
  /** For the environment of a worker. */
  readonly path: string;
  /** The next calls whose arguments hold these words wait first, and say that they have begun. */
  delay(words: string): void;
  readonly hasBegun: () => boolean;
  hurry(): void;
}

export async function newSlowGit(): Promise<SlowGit> {
  const folder = await mkdtemp(join(tmpdir(), "bosun-git-"));
  const bin = join(folder, "bin");
  await mkdir(bin);
  const words = join(folder, "words");
  const begun = join(folder, "begun");
  const usual = "/usr/local/bin:/usr/bin:/bin";
  const script = `#!/bin/sh
PATH=${usual}
if [ -e ${words} ]; then
  case " $* " in *" $(cat ${words}) "*) touch ${begun}; sleep ${seconds};; esac
fi
exec git "$@"
`;
  writeFileSync(join(bin, "git"), script);
  chmodSync(join(bin, "git"), 0o755);
  return {
    path: `${bin}:${usual}`,
    delay: (text) => {
      rmSync(begun, { force: true });
      writeFileSync(words, text);
    },
    hasBegun: () => existsSync(begun),
    hurry: () => rmSync(words, { force: true }),
  };
}
