// Checks the house rules over the working tree: node tools/tidy.mjs. Exit code 1 when one is
// broken.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourceOf } from './import-graph.mjs';
import { RULES, skippedTests } from './tidy-rules.mjs';

const FOLDERS_LEFT_OUT = new Set(['node_modules', 'dist', 'var', '.tap', '.git', 'out']);
const TEXT = /\.(ts|mjs|js|sh|md|sql|json|toml|ya?ml)$|^\.ci\/run$/;

/** Reads what the rules need of the tree at `root`. */
export function readTree(root) {
  const files = new Map();
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !FOLDERS_LEFT_OUT.has(entry.name)) walk(path);
      else if (entry.isFile() && TEXT.test(path))
        files.set(path, readFileSync(join(root, path), 'utf8'));
    }
  };
  walk('');
  const main = JSON.parse(files.get('package.json') ?? '{}');
  const packages = new Map();
  for (const folder of main.workspaces ?? []) {
    if (!existsSync(join(root, folder, 'package.json'))) continue;
    const { name, exports } = JSON.parse(files.get(`${folder}/package.json`));
    packages.set(name, { folder, exports });
  }
  return { files, packages, entries: entriesOf(files, packages) };
}

/**
 * What is started or imported from outside: package exports, commands, and files that scripts name.
 */
function entriesOf(files, packages) {
  const entries = new Set();
  for (const { folder, exports } of packages.values()) {
    for (const target of Object.values(exports ?? {}))
      entries.add(sourceOf(join(folder, target.default)));
    for (const target of Object.values(JSON.parse(files.get(`${folder}/package.json`)).bin ?? {}))
      entries.add(join(folder, target));
  }
  const named = /\b((?:[\w-]+\/)+[\w.-]+\.m?js)\b/g;
  for (const [path, text] of files) {
    if (!path.endsWith('package.json') && !path.endsWith('.sh')) continue;
    for (const [, name] of text.matchAll(named)) entries.add(sourceOf(name));
  }
  return entries;
}

function main() {
  const tree = readTree(join(import.meta.dirname, '..'));
  let count = 0;
  for (const [name, rule] of Object.entries(RULES)) {
    for (const problem of rule(tree)) {
      console.error(`${problem} (${name})`);
      count++;
    }
  }
  for (const skip of skippedTests(tree)) console.log(`skipped test: ${skip}`);
  console.log(`tidy: ${tree.files.size} files, ${count} problems`);
  if (count > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
