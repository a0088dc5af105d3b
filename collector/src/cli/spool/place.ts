// Where the spool is: DIR is a data directory, or the spool's directory itself.
import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Files, messageOf, systemCodeOf, WeirError } from '@weir/pipeline';
import { nodeFiles } from '@weir/pipeline/node';
import { holderOf, readRunFile } from '../../run/data-directory.js';
import {
  isClickhouse,
  knownSinks,
  LEDGER_FOLDER,
  RECEIPTS_FOLDER,
  recordedSinks,
} from '../../verify/sink-record.js';

export interface SpoolPlace {
  readonly files: Files;
  readonly spoolDirectory: string;
  /** Null for a spool that stands alone, as in a copy. */
  readonly dataDirectory: string | null;
  /** How findings name the spool's files. */
  readonly prefix: string;
  /** Of the process that uses the directory; null if it is stopped. */
  readonly pid: number | null;
  /** Names of all sinks that the running or last process had. */
  readonly sinks: readonly string[];
}

const SPOOL_FOLDER = 'spool';
const spoolFile = /^(?:ckpt|epochs|seg-[0-9a-f]{16}\.(?:log|end|keys)|consumer-.+\.ckpt)$/;

/** Throws WEIR_USAGE, in one sentence, for what is no spool. */
export async function findSpool(given: string): Promise<SpoolPlace> {
  const directory = resolve(given);
  const files = nodeFiles();
  const names = await namesIn(files, directory, given);
  if (names.some((name) => spoolFile.test(name))) {
    const isInData = basename(directory) === SPOOL_FOLDER;
    return placeOf(files, directory, isInData ? dirname(directory) : null);
  }
  if (!names.includes(SPOOL_FOLDER))
    throw new WeirError(
      'WEIR_USAGE',
      `${given} holds no spool: name the data directory of an instance, or its folder spool`,
    );
  const spoolDirectory = join(directory, SPOOL_FOLDER);
  await namesIn(files, spoolDirectory, join(given, SPOOL_FOLDER));
  return placeOf(files, spoolDirectory, directory);
}

function placeOf(files: Files, spoolDirectory: string, dataDirectory: string | null): SpoolPlace {
  const pid =
    dataDirectory === null
      ? null
      : (readRunFile(dataDirectory)?.pid ?? holderOf(dataDirectory) ?? null);
  return {
    files,
    spoolDirectory,
    dataDirectory,
    prefix: dataDirectory === null ? '' : `${SPOOL_FOLDER}/`,
    pid,
    sinks: dataDirectory === null ? [] : Object.keys(recordedSinks(dataDirectory) ?? {}),
  };
}

async function namesIn(files: Files, directory: string, given: string): Promise<string[]> {
  try {
    if (!statSync(directory).isDirectory())
      throw new WeirError('WEIR_USAGE', `${given} is a file; name the data directory`);
    return await files.readDir(directory);
  } catch (error) {
    if (error instanceof WeirError) throw error;
    const isGone = systemCodeOf(error) === 'ENOENT';
    const why = isGone ? 'does not exist' : `cannot be read: ${messageOf(error)}`;
    throw new WeirError('WEIR_USAGE', `${given} ${why}`);
  }
}

/** What belongs to a spool and stands beside it in the data directory. */
export function foldersBeside(dataDirectory: string | null): {
  readonly ledgerDirectory: string | null;
  readonly receiptDirectory: string | null;
  readonly unsignedSinks: readonly string[];
} {
  if (dataDirectory === null)
    return { ledgerDirectory: null, receiptDirectory: null, unsignedSinks: [] };
  return {
    ledgerDirectory: join(dataDirectory, LEDGER_FOLDER),
    receiptDirectory: join(dataDirectory, RECEIPTS_FOLDER),
    unsignedSinks: knownSinks(dataDirectory, [])
      .filter((sink) => !isClickhouse(sink))
      .map(({ id }) => id),
  };
}

/** What the system says of a file becomes one sentence; everything else stays as it is. */
export async function withSentences<T>(place: SpoolPlace, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (error instanceof WeirError || systemCodeOf(error) === '') throw error;
    throw new WeirError(
      'WEIR_USAGE',
      `the spool in ${place.spoolDirectory} cannot be read: ${messageOf(error)}`,
    );
  }
}
