// A program of a Debian package, unpacked beside the system and not installed: syslog-ng and
// rsyslog exclude each other as packages, and a proof wants both.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface DebianTool {
  /** What the packages put below / is below this. */
  readonly root: string;
}

const TOOLS = fileURLToPath(new URL('../../out/tools/', import.meta.url));

/**
 * The package and those libraries that it needs, by name; kept for the next run. Null when they
 * cannot be had.
 */
export function unpackTool(program: string, packages: readonly string[]): DebianTool | null {
  const folder = join(TOOLS, packages[0] ?? '');
  const root = join(folder, 'root');
  if (existsSync(join(root, program))) return { root };
  try {
    mkdirSync(root, { recursive: true });
    execFileSync('apt-get', ['download', ...packages], { cwd: folder, stdio: 'pipe' });
    for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.deb')))
      execFileSync('dpkg-deb', ['-x', join(folder, name), root], { stdio: 'pipe' });
  } catch {
    return null;
  }
  return existsSync(join(root, program)) ? { root } : null;
}

/** Libraries of the tool before those of the system. */
export function environmentOf({ root }: DebianTool): NodeJS.ProcessEnv {
  const folders = ['usr/lib', 'lib'].flatMap((folder) => {
    const path = join(root, folder);
    if (!existsSync(path)) return [];
    return [path, ...readdirSync(path).map((name) => join(path, name))];
  });
  return { LD_LIBRARY_PATH: folders.join(':') };
}
