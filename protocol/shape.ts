// A schema, kept where workflows may share it.
import type { z } from "zod";

/**
 * A function that returns the schema. Workflows share the modules of this folder, so all that these
 * export is frozen, but not what their functions close over, and zod adds to a schema in use.
 */
export const shape =
  <Schema extends z.ZodType>(schema: Schema) =>
  (): Schema =>
    schema;

/** What a shape lets through. */
export type Shaped<Shape extends () => z.ZodType> = z.infer<ReturnType<Shape>>;
