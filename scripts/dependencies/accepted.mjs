// Which licences and install scripts are accepted, and why.

/** For any package: they ask at most that their text is kept. */
export const licences = {
  "0BSD": "no condition",
  "Apache-2.0": "permissive, with a patent grant",
  "BlueOak-1.0.0": "permissive",
  "BSD-2-Clause": "permissive",
  "BSD-3-Clause": "permissive",
  ISC: "permissive",
  MIT: "permissive",
  Unlicense: "public domain",
};

/** What a package has that names no licence. */
export const noLicence = "none named";

/** For these packages alone. A name may end in `*`. */
export const licenceExceptions = {
  "caniuse-lite": {
    licence: "CC-BY-4.0",
    why: "a table of browsers that webpack reads, unchanged and not passed on",
  },
  "lightningcss*": {
    licence: "MPL-2.0",
    developmentOnly: true,
    why: "brought by vite for vitest, unchanged and not passed on",
  },
  unionfs: { licence: noLicence, why: "its LICENSE file is the Unlicense" },
};

/** What runs while packages are installed. npm reads the names in package.json, at allowScripts. */
export const installScripts = {
  esbuild: "puts the program of this platform where its module looks for it",
  "@swc/core": "tries whether the program of this platform loads, else gets the portable one",
  protobufjs: "prints a warning about version ranges, and does nothing else",
};
