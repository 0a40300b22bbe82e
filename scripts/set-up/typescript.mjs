// Lets this process run the TypeScript of this clone.
import { register } from "tsx/esm/api";
import { join } from "node:path";
import { root } from "./root.mjs";

// Said by path, or tsx would obey whatever tsconfig.json lies where the person stands.
register({ tsconfig: join(root, "tsconfig.json") });
