// The folders of the packages and who imports whom, as it stands in docs/architecture.md. A test
// holds page and code equal; `npm run docs` writes the block anew.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildGraph } from './import-graph.mjs';
import { readTree } from './tidy.mjs';

const PAGE = 'docs/architecture.md';
const BEGIN = '<!-- folders: made by npm run docs -->\n```\n';
const END = '```\n<!-- end of folders -->';
const LEFT_OUT =
  /(^|\/)(testing|testcases|test-modules|e2e)\/|\.test\.|\/test-[\w-]+\.ts$|\.d\.ts$/;

/** `collector/run` for collector/src/run/sinks/x.ts, `spool` for spool/src/x.ts, '' for others. */
function folderOf(path) {
  const [folder, src, ...rest] = path.split('/');
  if (src !== 'src' || !path.endsWith('.ts') || LEFT_OUT.test(path)) return '';
  return rest.length > 1 ? `${folder}/${rest[0]}` : folder;
}

/** One line a folder: what it imports of other folders, sorted. */
export function folderLines(tree) {
  const { imports } = buildGraph(tree.files, tree.packages);
  const edges = new Map();
  for (const [path, targets] of imports) {
    const from = folderOf(path);
    if (from === '') continue;
    const found = edges.get(from) ?? new Set();
    edges.set(from, found);
    for (const target of targets) {
      const to = folderOf(target);
      if (to !== '' && to !== from) found.add(to);
    }
  }
  const width = Math.max(...[...edges.keys()].map((name) => name.length));
  return [...edges.keys()].sort().map((name) => {
    const targets = [...edges.get(name)].sort().join(' ');
    return targets === '' ? name : `${name.padEnd(width)} -> ${targets}`;
  });
}

/** The page with the block for this tree. */
export function pageOf(page, tree) {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has lost the marks around its folders`);
  const lines = folderLines(tree).join('\n');
  return `${page.slice(0, begin)}${BEGIN}${lines}\n${page.slice(end)}`;
}

export function updateArchitecture(root) {
  const path = join(root, PAGE);
  writeFileSync(path, pageOf(readFileSync(path, 'utf8'), readTree(root)));
  return PAGE;
}
