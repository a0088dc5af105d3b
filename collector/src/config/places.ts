// Where configuration files are looked for, and what is read there.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { reasonOf, WeirError } from '@weir/pipeline';
import { DOCUMENT_ENDINGS, parseDocument } from '@weir/pipeline/config';
import { isTable, type Table } from './merge.js';
import { isPipelineModule, readPipelineModule } from './pipeline-module.js';

const SYSTEM_DIRECTORY = '/etc/weir';
const NAMES = DOCUMENT_ENDINGS.map((ending) => `weir.${ending}`);

/** One file and what it says. */
export interface ReadFile {
  /** As the user wrote it, or the folder's name and the file's. */
  readonly name: string;
  /** What relative names in it start from. */
  readonly directory: string;
  readonly document: Table;
  /** URL of a pipeline in code, null for a document. */
  readonly moduleUrl: string | null;
}

/** A file, or the files of a folder, which say one thing together. */
export interface ReadPlace {
  readonly path: string;
  readonly directory: string;
  readonly files: readonly ReadFile[];
}

/** The file or folder of the machine; null when there is none. WEIR_SYSTEM_DIR names another. */
export function readSystemPlace(environment: Readonly<NodeJS.ProcessEnv>): ReadPlace | null {
  const directory = environment.WEIR_SYSTEM_DIR ?? SYSTEM_DIRECTORY;
  if (directory === '') return null;
  return readOnly([...NAMES, 'conf.d'].map((name) => join(directory, name)));
}

/** What --config names, else the file or folder in the working directory; null for none. */
export function readUserPlace(path: string | undefined): ReadPlace | null {
  if (path === undefined) return readOnly([...NAMES, 'weir.d']);
  return readPlace(path);
}

/** The file or folder of a configuration in a folder; null when it has none. */
export const userPlaceIn = (folder: string): string | null =>
  onlyOf([...NAMES, 'weir.d'].map((name) => join(folder, name)));

function readOnly(candidates: readonly string[]): ReadPlace | null {
  const path = onlyOf(candidates);
  return path === null ? null : readPlace(path);
}

function onlyOf(candidates: readonly string[]): string | null {
  const found = candidates.filter((path) => existsSync(path));
  const [path] = found;
  if (found.length > 1) {
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      `there are ${found.join(' and ')}; keep one, or name one with --config`,
    );
  }
  return path ?? null;
}

function readPlace(path: string): ReadPlace {
  if (statOf(path).isDirectory()) {
    const names = readdirSync(path).filter(isConfigurationName).sort();
    if (names.length === 0) {
      throw new WeirError(
        'WEIR_CONFIG_UNREADABLE',
        `${path} holds no file that ends in ${DOCUMENT_ENDINGS.map((end) => `.${end}`).join(', ')}`,
      );
    }
    const files = names.map((name) => readOne(join(path, name)));
    return { path, directory: resolve(path), files };
  }
  return { path, directory: dirname(resolve(path)), files: [readOne(path)] };
}

/** Backups, notes and hidden files in a folder are not read. */
const isConfigurationName = (name: string): boolean =>
  !name.startsWith('.') && DOCUMENT_ENDINGS.some((ending) => name.endsWith(`.${ending}`));

function readOne(path: string): ReadFile {
  const base = { name: path, directory: dirname(resolve(path)) };
  if (isPipelineModule(path)) return { ...base, ...readPipelineModule(path) };
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
  const document = parseDocument(text, path);
  if (!isTable(document)) {
    throw new WeirError('WEIR_CONFIG_INVALID', `${path}: / must be a table of settings`);
  }
  return { ...base, document, moduleUrl: null };
}

function statOf(path: string): ReturnType<typeof statSync> & object {
  try {
    return statSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

const unreadable = (path: string, error: unknown): WeirError =>
  new WeirError('WEIR_CONFIG_UNREADABLE', `cannot read ${path}: ${reasonOf(error)}`);
