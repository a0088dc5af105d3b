// A project outside of the workspace that has the packages as `npm pack` makes them.
//
// What this shows: @weir/* come from the tarballs and from nowhere else, hold every file that they
// load, and name each package that they import; types and command work for someone who has only
// them. What it does not show: that npm can fetch the third-party packages, and that their install
// scripts run. Those are links to the ones that the repository has installed already, one by one as
// each package.json asks for them, so that the test needs no network and takes seconds.
import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url));
/** What users install, by folder. */
export const PACKED = [
  'pipeline',
  'spool',
  'verifier',
  'parsers',
  'enrich',
  'sinks',
  'collector',
] as const;
const TSC = join(REPOSITORY, 'node_modules/typescript/bin/tsc');

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

export class PackedProject {
  readonly root: string;
  readonly #scratch: string;

  private constructor(scratch: string) {
    this.#scratch = scratch;
    this.root = join(scratch, 'project');
  }

  /** Packs the workspaces and sets the project up. Not in the repository: nothing leads back. */
  static async create(): Promise<PackedProject> {
    const project = new PackedProject(mkdtempSync(join(tmpdir(), 'weir-packed-')));
    const tarballs = await project.#pack();
    for (const [index, tarball] of tarballs.entries())
      await project.#install(PACKED[index] as string, tarball);
    project.write('package.json', '{"name": "someone", "private": true, "type": "module"}\n');
    project.#link(join(REPOSITORY, 'node_modules/@types/node'), 'node_modules/@types/node');
    const bin = join(project.packageFolder('collector'), 'bin/weir.js');
    chmodSync(bin, 0o755);
    project.#link(bin, 'node_modules/.bin/weir');
    return project;
  }

  packageFolder(folder: string): string {
    return join(this.root, 'node_modules/@weir', folder);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  async run(command: string, ...args: readonly string[]): Promise<Outcome> {
    try {
      const { stdout, stderr } = await run(command, [...args], {
        cwd: this.root,
        env: ENVIRONMENT,
      });
      return { code: 0, stdout, stderr };
    } catch (error) {
      const failed = error as { code?: unknown; stdout?: string; stderr?: string };
      const code = typeof failed.code === 'number' ? failed.code : -1;
      return { code, stdout: failed.stdout ?? '', stderr: failed.stderr ?? String(error) };
    }
  }

  /** `npx weir`, of this project. */
  weir(...args: readonly string[]): Promise<Outcome> {
    return this.run('npx', '--no-install', 'weir', ...args);
  }

  /** The repository's compiler on the project's own tsconfig.json. */
  compile(): Promise<Outcome> {
    return this.run(process.execPath, TSC, '-p', '.');
  }

  end(): void {
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  async #pack(): Promise<string[]> {
    const to = join(this.#scratch, 'tarballs');
    mkdirSync(to);
    const workspaces = PACKED.map((folder) => `--workspace=${folder}`);
    // Someone's npmrc may forbid scripts; the one that runs here is ours.
    const options = ['--ignore-scripts=false', '--loglevel=error', `--pack-destination=${to}`];
    await run('npm', ['pack', ...workspaces, ...options], { cwd: REPOSITORY, env: ENVIRONMENT });
    return PACKED.map((folder) => {
      const { name, version } = readManifest(join(REPOSITORY, folder));
      return join(to, `${name.slice(1).replace('/', '-')}-${version}.tgz`);
    });
  }

  async #install(folder: string, tarball: string): Promise<void> {
    const target = this.packageFolder(folder);
    mkdirSync(target, { recursive: true });
    await run('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
    const { dependencies = {} } = readManifest(target);
    for (const name of Object.keys(dependencies)) {
      if (name.startsWith('@weir/')) continue;
      const places = [join(REPOSITORY, folder, 'node_modules', name)];
      places.push(join(REPOSITORY, 'node_modules', name));
      const found = places.find((place) => existsSync(place));
      if (found === undefined) throw new Error(`${name} is not installed`);
      this.#link(found, `node_modules/@weir/${folder}/node_modules/${name}`);
    }
  }

  #link(target: string, path: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    symlinkSync(target, join(this.root, path));
  }
}

/** Without what npm, tap or c8 tell the processes that they start. */
export const ENVIRONMENT: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_cache)|NODE_|TAP|_TAPJS|INIT_CWD)/i.test(name),
  ),
);

/** Files of an unpacked package, relative to it; dependencies are left out. */
export function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.startsWith('node_modules/'))
    .sort();
}
