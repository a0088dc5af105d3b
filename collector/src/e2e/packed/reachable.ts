// What a package's entries load, file by file, in code as well as in types.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { type Manifest, readManifest } from './packed-project.js';

/** A member or key named 'from' in a type is no import, nor is the word in a text. */
const FROM = /(?<!['"])(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\(\s*)(['"])([@.\w][@./\w:-]*)\1/g;
/** Files that are only named: of a worker, of a process. */
const NAMED = /(['"`])(\.{1,2}\/[^'"`\n$]+\.js)\1/g;

export interface Reached {
  /** Relative to the package. */
  readonly files: ReadonlySet<string>;
  /** Packages that its code imports. */
  readonly packages: ReadonlySet<string>;
  /** Imports that lead to no file. */
  readonly missing: readonly string[];
}

export function reachedFrom(folder: string): Reached {
  const files = new Set<string>();
  const packages = new Set<string>();
  const missing: string[] = [];
  const todo = entriesOf(readManifest(folder));
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    if (files.has(path)) continue;
    if (!existsSync(join(folder, path))) {
      missing.push(path);
      continue;
    }
    files.add(path);
    const code = readFileSync(join(folder, path), 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
    const imported = [...code.matchAll(FROM)].map((match) => match[2] as string);
    for (const specifier of imported) {
      if (specifier.startsWith('.')) todo.push(...besides(path, specifier));
      else if (!specifier.startsWith('node:')) packages.add(packageOf(specifier));
    }
    for (const [, , name] of code.matchAll(NAMED))
      for (const file of besides(path, name as string))
        if (existsSync(join(folder, file))) todo.push(file);
  }
  return { files, packages, missing };
}

const entriesOf = ({ exports = {}, bin = {} }: Manifest): string[] => [
  ...Object.values(exports).flatMap((entry) => [normalize(entry.types), normalize(entry.default)]),
  ...Object.values(bin).map((path) => normalize(path)),
];

/** A file of code, and its types; of types, the types. */
function besides(from: string, specifier: string): string[] {
  const path = normalize(join(dirname(from), specifier));
  const types = path.replace(/\.js$/, '.d.ts');
  if (from.endsWith('.d.ts')) return [types];
  return path.startsWith('dist/') ? [path, types] : [path];
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
