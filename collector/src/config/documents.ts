// Documents that are made from the code: the error table, the configuration's JSON Schema, a page
// for each component, the example configurations, and the example of a parser of one's own. The
// tool tools/generate-docs.mjs (npm run docs) writes them, a test holds the files equal.
import { ERRORS } from '@weir/pipeline';
import { DEFAULT_SELECTION, generateConfiguration, skeletonOf } from './generate/index.js';
import { componentPages } from './pages.js';
import { ConfigSchema } from './schema.js';

/** File by path from the root of the repository. */
export function generatedDocuments(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/generated/errors.md', errorsPage()],
    ['config/weir.schema.json', `${JSON.stringify(ConfigSchema, null, 2)}\n`],
    ['examples/weir.toml', generateConfiguration(DEFAULT_SELECTION, 'toml')],
    ['examples/weir.yaml', generateConfiguration(DEFAULT_SELECTION, 'yaml')],
    ...componentPages(),
    ...examplePack(),
  ]);
}

/** What `weir pack new` writes, as an example to read. */
const examplePack = (): (readonly [string, string])[] =>
  [...skeletonOf('turnstile')].map(([path, text]) => [`examples/turnstile/${path}`, text]);

function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(([code, sentence]) => `| \`${code}\` | ${sentence} |`);
  return [
    '# Errors',
    '',
    'Made from `pipeline/src/errors.ts`. Scripts should match on the code, never on the message.',
    '',
    '| code | what it means |',
    '|---|---|',
    ...rows,
    '',
  ].join('\n');
}
