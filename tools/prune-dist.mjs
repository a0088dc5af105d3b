// Removes compiled files whose source is gone, so that no deleted test or module lives on in dist/.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OUTPUT = /(\.d\.ts|\.js)(\.map)?$/;

/** Removes stale files under `root`'s workspaces; returns their paths. */
export function pruneDist(root) {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const removed = [];
  for (const workspace of workspaces) {
    const dist = join(root, workspace, 'dist');
    if (!existsSync(dist)) continue;
    for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !OUTPUT.test(entry.name)) continue;
      const path = join(entry.parentPath ?? entry.path, entry.name);
      const source = path.slice(dist.length).replace(OUTPUT, '.ts');
      if (existsSync(join(root, workspace, 'src', source))) continue;
      rmSync(path);
      removed.push(path);
    }
  }
  return removed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) pruneDist(join(import.meta.dirname, '..'));
