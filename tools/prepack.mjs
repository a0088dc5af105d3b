// Runs around `npm pack` and `npm publish` in a workspace's folder, by its scripts prepack and
// postpack. `prepack` drops stale output and puts into the folder what stands at the top of the
// repository and belongs into the package; `postpack` takes it out again.
import { copyFileSync, cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pruneDist } from './prune-dist.mjs';

const repository = join(import.meta.dirname, '..');
const workspace = process.cwd();
const license = join(workspace, 'LICENSE');
const migrations = join(workspace, 'database_migrations');
const takesMigrations = basename(workspace) === 'sinks';

if (process.argv[2] === 'prepack') {
  pruneDist(repository);
  const { exports } = JSON.parse(readFileSync(join(workspace, 'package.json'), 'utf8'));
  for (const { types, default: module } of Object.values(exports))
    for (const file of [types, module])
      if (!existsSync(join(workspace, file)))
        throw new Error(`${file} is not built: npm run build`);
  copyFileSync(join(repository, 'LICENSE'), license);
  if (takesMigrations) {
    cpSync(join(repository, 'database_migrations'), migrations, {
      recursive: true,
      filter: (path) => !path.endsWith('.sh'),
    });
  }
} else {
  rmSync(license, { force: true });
  if (takesMigrations) rmSync(migrations, { recursive: true, force: true });
}
