// The few builders of typebox that the schema uses, with its types. A schema is a plain object, and
// importing the whole of typebox for it takes longer than everything else that a configuration
// costs at the start. A test holds both equal.
import type TypeBox from 'typebox';

type Used =
  | 'Array'
  | 'Boolean'
  | 'Enum'
  | 'Integer'
  | 'Literal'
  | 'Object'
  | 'Optional'
  | 'Record'
  | 'String'
  | 'Unknown'
  | 'Unsafe';
type Schema = Readonly<Record<string, unknown>>;

const optional = new WeakSet<object>();

const builders = {
  Array: (items: Schema, options?: Schema) => ({ type: 'array', items, ...options }),
  Boolean: (options?: Schema) => ({ type: 'boolean', ...options }),
  Enum: (values: readonly unknown[], options?: Schema) => ({ enum: [...values], ...options }),
  Integer: (options?: Schema) => ({ type: 'integer', ...options }),
  Literal: (value: unknown, options?: Schema) => ({
    type: typeof value,
    const: value,
    ...options,
  }),
  Object: (properties: Readonly<Record<string, Schema>>, options?: Schema) => ({
    type: 'object',
    required: Object.keys(properties).filter((name) => !optional.has(properties[name] ?? {})),
    properties,
    ...options,
  }),
  Optional: (schema: Schema) => {
    const marked = { ...schema };
    optional.add(marked);
    return marked;
  },
  Record: (key: Schema, value: Schema, options?: Schema) => ({
    type: 'object',
    patternProperties: { [String(key.pattern ?? '^.*$')]: value },
    ...options,
  }),
  String: (options?: Schema) => ({ type: 'string', ...options }),
  Unknown: (options?: Schema) => ({ ...options }),
  Unsafe: (schema: Schema) => schema,
};

const Type = builders as unknown as Pick<typeof TypeBox, Used>;
export default Type;
export type { Static, TSchema } from 'typebox';
