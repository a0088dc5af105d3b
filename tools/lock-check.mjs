// Looks at package-lock.json before an installation. Prints `complete` when `npm ci` can work from
// it,
// `partial` when it lacks packages that are optional (builds for other platforms, which the registry that
// the lock was made from did not offer): npm ci refuses such a lock, `npm install --no-save` takes
// it. Exit code 1 and a sentence when the lock does not fit a package.json.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const GROUPS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];

/** `{ problems, missingOptional }` of the lock at `root`. */
export function checkLock(root) {
  const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
  const { packages } = read('package-lock.json');
  const { workspaces } = read('package.json');
  const problems = [];
  for (const folder of ['', ...workspaces]) {
    const wanted = read(join(folder, 'package.json'));
    const locked = packages[folder];
    for (const group of GROUPS) {
      if (sortedText(wanted[group]) !== sortedText(locked?.[group]))
        problems.push(`${join(folder, 'package.json')}: ${group} differ from package-lock.json`);
    }
  }
  const missingOptional = [];
  for (const entry of Object.values(packages)) {
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      if (!Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`)))
        missingOptional.push(name);
    }
  }
  return { problems, missingOptional };
}

const sortedText = (group = {}) => JSON.stringify(Object.entries(group).sort());

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { problems, missingOptional } = checkLock(join(import.meta.dirname, '..'));
  for (const problem of problems) console.error(`setup: ${problem}; run npm install`);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(missingOptional.length === 0 ? 'complete' : 'partial');
}
