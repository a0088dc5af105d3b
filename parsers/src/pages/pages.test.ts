// Scenario: the pages of docs/packs, and the examples that stand in them.
// Guarantees: the pages are what the code makes; each pack has one, with a row in the table of
//   README.md, fields and an example; each example, parsed, gives what the page says.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { type CaseConfig, eventsOf, parsedLines } from '../golden-cases.js';
import { all } from '../list.js';
import { PACKS_FOLDER, packPages } from './pages.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const EXAMPLE = /(?:^With `([^\n]+)`:\n\n)?^```text\n(.*?)\n```\n\n```json\n(.*?)\n```$/gms;

t.test('the pages are up to date', async (t) => {
  const pages = packPages();
  for (const [path, text] of pages) {
    const file = join(ROOT, path);
    t.equal(existsSync(file) ? readFileSync(file, 'utf8') : '', text, `${path}: run npm run docs`);
  }
  const stale = readdirSync(join(ROOT, PACKS_FOLDER)).filter(
    (name) => !pages.has(`${PACKS_FOLDER}/${name}`),
  );
  t.strictSame(stale, [], 'there is no page of a pack that is gone');
});

t.test('every pack has its words, fields and an example', async (t) => {
  const readme = readFileSync(join(ROOT, 'parsers/README.md'), 'utf8');
  const index = readFileSync(join(ROOT, PACKS_FOLDER, 'README.md'), 'utf8');
  for (const { name } of all) {
    const page = readFileSync(join(ROOT, PACKS_FOLDER, `${name}.md`), 'utf8');
    t.match(readme, new RegExp(`^\\| .*\`${name}\`.* \\|`, 'm'), `${name} is in parsers/README.md`);
    t.match(page, /^\| `class_uid` \| \d+ \|/m, `${name} has fields`);
    t.ok([...page.matchAll(EXAMPLE)].length > 0, `${name} has an example`);
    t.ok(index.includes(`[${name}](${name}.md)`), `${name} is in the index`);
  }
});

t.test('the examples give what the pages say', async (t) => {
  for (const { name } of all) {
    const page = readFileSync(join(ROOT, PACKS_FOLDER, `${name}.md`), 'utf8');
    for (const [, settings = '{}', raw = '', wanted = ''] of page.matchAll(EXAMPLE)) {
      const given = JSON.parse(settings) as Partial<CaseConfig>;
      const [line = '{}', ...more] = parsedLines(eventsOf(Buffer.from(raw), given), given);
      t.strictSame(more, [], `${name}: one event`);
      const { raw_data: _raw, ...actual } = JSON.parse(line) as Record<string, unknown>;
      t.strictSame(actual, JSON.parse(wanted), `${name}: ${raw.slice(0, 60)}`);
    }
  }
});
