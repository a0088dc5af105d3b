import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { folderLines, pageOf } from './architecture.mjs';
import { readTree } from './tidy.mjs';

const root = join(import.meta.dirname, '..');

t.test('folders and their imports, without tests', async (t) => {
  const tree = {
    files: new Map([
      ['a/src/x.ts', "import './sub/y.js';"],
      ['a/src/sub/y.ts', "import { z } from '@w/b';"],
      ['a/src/sub/y.test.ts', "import '../x.js';"],
      ['b/src/index.ts', ''],
    ]),
    packages: new Map([
      ['@w/b', { folder: 'b', exports: { '.': { default: './dist/index.js' } } }],
    ]),
  };
  t.same(folderLines(tree), ['a     -> a/sub', 'a/sub -> b', 'b']);
  t.throws(() => pageOf('no marks', tree), /has lost the marks/);
});

t.test(
  'the picture in docs/architecture.md is that of the code; npm run docs mends it',
  async (t) => {
    const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
    t.equal(page, pageOf(page, readTree(root)));
  },
);
