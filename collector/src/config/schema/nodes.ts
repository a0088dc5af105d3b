// Building blocks that several sections of the schema share. Every setting has a description, a
// default where it may be left out, and an example: the pages, `weir generate` and the published
// JSON Schema are made from them.
import { FORM_KEYWORD, SECRET_KEYWORD } from '@weir/pipeline/config';
import Type, { type Static, type TSchema } from './type.js';

/** Says that a string is never printed. `url`: only the password in it. */
export const SECRET = SECRET_KEYWORD;

export const closed = { additionalProperties: false } as const;

export const KiB = 1024;
export const MiB = 1024 * KiB;

/** Sources, transforms and sinks: parts of streams, metrics, file names and SQL carry these. */
export const ID = '^[a-z][a-z0-9_]{0,31}$';
const HOST_PORT = '^(\\[[0-9a-fA-F:.]+\\]|[^:\\[\\]]+):\\d{1,5}$';
/** An id, the output of a route, or every source. */
const INPUT = '^(\\*|[a-z][a-z0-9_]{0,31}(\\.[a-z][a-z0-9_]{0,31})?)$';
export const LABEL = '^[A-Za-z0-9_.-]{1,64}$';
/** Nothing else is allowed where a secret may come from a file or the environment. */
export const SECRET_HINT = 'May be file:PATH or env:NAME.';

export const listen = (example: string) =>
  Type.String({
    pattern: HOST_PORT,
    [FORM_KEYWORD]: 'HOST:PORT or [IPv6]:PORT',
    description: 'Address to listen on: HOST:PORT, or [IPv6]:PORT; port 0 takes any free one.',
    examples: [example],
  });

export const inputs = (fallback?: readonly string[]) =>
  Type.Array(Type.String({ pattern: INPUT }), {
    minItems: 1,
    uniqueItems: true,
    ...(fallback === undefined ? {} : { default: fallback }),
    description:
      'What comes in: ids of sources and transforms, ROUTE.OUTPUT for one output of a route, or ' +
      '* for every source.',
    examples: [['*']],
  });

/** A string of which nothing is ever printed. */
export const secret = (description: string, options: Readonly<Record<string, unknown>> = {}) =>
  Type.String({
    // What goes into a header has one line.
    pattern: '^[^\\r\\n\\0]*$',
    description: `${description} ${SECRET_HINT}`,
    [SECRET]: 'value',
    ...options,
  });

/** One of several words; typed by them. */
export const choice = <const T extends string>(
  values: readonly T[],
  fallback: NoInfer<T>,
  description: string,
) => Type.Enum([...values], { default: fallback, description, examples: [fallback] });

/** A whole number in bounds. */
export const count = (
  bounds: readonly [number, number],
  fallback: number,
  description: string,
  example = fallback,
) =>
  Type.Integer({
    minimum: bounds[0],
    maximum: bounds[1],
    default: fallback,
    description,
    examples: [example],
  });

/** One of several components, told apart by `type`. */
export const componentByType = <const T extends readonly TSchema[]>(
  branches: T,
  description: string,
) =>
  Type.Unsafe<Static<T[number]>>({
    type: 'object',
    discriminator: { propertyName: 'type' },
    required: ['type'],
    oneOf: branches,
    description,
  });

/** A table of components by id. */
export const byId = <T extends TSchema>(
  component: T,
  options: Readonly<Record<string, unknown>> & { readonly description: string },
) => Type.Record(Type.String({ pattern: ID }), component, { ...closed, ...options });

/** The settings of an object that may be left out, with what they then are. */
export function defaultsOf(schema: TSchema): Record<string, unknown> {
  const { properties = {} } = schema as { properties?: Readonly<Record<string, TSchema>> };
  const values: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(properties)) {
    const { default: value } = property as { default?: unknown };
    if (value !== undefined) values[name] = structuredClone(value);
  }
  return values;
}
