// Scenario: the schema as others see it: editors, pages, the generator.
// Guarantees: it is valid JSON Schema; every setting has a description, an example that is valid,
// and a default or a place in `required`; the builders make what typebox makes.

import { FORM_KEYWORD } from '@weir/pipeline/config';
import { Ajv } from 'ajv';
import t from 'tap';
import TypeBox from 'typebox';
import { components } from '../components/index.js';
import { type SettingSchema, settingsOf } from '../generate/setting-words.js';
import { ConfigSchema } from '../schema.js';
import { SECRET } from './nodes.js';
import { SINK_TYPES } from './sinks.js';
import { SOURCE_TYPES } from './sources.js';
import { TRANSFORM_TYPES } from './transforms.js';
import Type from './type.js';

const ajv = new Ajv({
  useDefaults: true,
  discriminator: true,
  allowUnionTypes: true,
  strictRequired: false,
});
ajv.addVocabulary([SECRET, FORM_KEYWORD]);

t.test('it is valid JSON Schema', async (t) => {
  t.ok(ajv.validateSchema(JSON.parse(JSON.stringify(ConfigSchema))), ajv.errorsText());
});

t.test('every setting is described, with a valid example and a valid default', async (t) => {
  const root = ConfigSchema as unknown as SettingSchema;
  const sections = Object.values(root.properties ?? {}).filter(
    ({ properties }) => properties !== undefined,
  );
  const schemas = [root, ...sections, ...components.map(({ schema }) => schema as SettingSchema)];
  for (const schema of schemas) {
    if (schema !== root) t.match(schema.description, /\.$/, 'the table is described');
    for (const { name, schema: inner, isNeeded } of settingsOf(schema)) {
      t.match(inner.description, /\.$/, `${name}: a sentence`);
      // A section is described by its settings.
      if (inner.properties !== undefined) continue;
      const isRequired = schema.required?.includes(name) ?? false;
      t.ok(isNeeded || inner.default !== undefined || !isRequired, `${name} may be left out`);
      t.ok((inner.examples ?? []).length > 0, `${name} has an example`);
      // A default in the root of a schema says nothing to a validator.
      const { default: _, ...bare } = JSON.parse(JSON.stringify(inner));
      const check = ajv.compile(bare);
      for (const value of inner.examples ?? []) {
        // In the place of a URL a reference is resolved before the check; examples are plain.
        t.ok(check(structuredClone(value)), `${name}: example ${JSON.stringify(value)}`);
      }
      if (inner.default !== undefined && inner.patternProperties === undefined) {
        t.ok(check(inner.default), `${name}: default`);
      }
    }
  }
});

t.test('every type of the schema has its words, and the other way round', async (t) => {
  const tables = { source: SOURCE_TYPES, transform: TRANSFORM_TYPES, sink: SINK_TYPES };
  for (const [kind, table] of Object.entries(tables)) {
    const specs = components.filter((spec) => spec.kind === kind);
    t.same(specs.map(({ type }) => type).sort(), Object.keys(table).sort());
    for (const spec of specs) {
      t.equal(spec.schema, (table as Record<string, unknown>)[spec.type], `${kind} ${spec.type}`);
      t.equal((spec.schema as SettingSchema).properties?.type?.const, spec.type);
      t.ok(spec.guarantees.length > 0 && spec.failures.length > 0 && spec.metrics.length > 0);
    }
  }
});

t.test('the builders make what typebox makes', async (t) => {
  const build = (builder: typeof Type) =>
    builder.Object(
      {
        text: builder.String({ pattern: '^a' }),
        maybe: builder.Optional(builder.String()),
        list: builder.Array(builder.Enum(['a', 'b'], { description: 'x' }), { minItems: 1 }),
        map: builder.Record(builder.String({ pattern: '^b' }), builder.Unknown(), { default: {} }),
        any: builder.Record(builder.String(), builder.Unknown({ title: 'y' })),
        flag: builder.Boolean({ default: true }),
        count: builder.Integer({ minimum: 1 }),
        own: builder.Optional(builder.Unsafe<string>({ type: 'string', enum: ['c'] })),
        type: builder.Literal('syslog'),
      },
      { additionalProperties: false },
    );
  t.same(JSON.parse(JSON.stringify(build(Type))), JSON.parse(JSON.stringify(build(TypeBox))));
});
