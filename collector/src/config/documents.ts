// Documents that are made from the code: the error table and the configuration's JSON Schema. The
// tool tools/generate-docs.mjs (npm run docs) writes them, a test holds the files equal.
import { ERRORS } from '@weir/pipeline';
import { ConfigSchema } from './schema.js';

/** File by path from the root of the repository. */
export function generatedDocuments(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/generated/errors.md', errorsPage()],
    ['config/weir.schema.json', `${JSON.stringify(ConfigSchema, null, 2)}\n`],
  ]);
}

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
