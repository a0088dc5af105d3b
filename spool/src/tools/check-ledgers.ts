// The ledgers of sinks: the newest file of each has to be whole.
import type { Files } from '@weir/pipeline';
import {
  ledgerName,
  ledgerNumbers,
  lengthOfRecordAt,
  readLedgerFile,
} from '../sink-ledger/ledger-file.js';
import { CHUNK_COUNT_MAX } from '../sink-ledger/sink-ledger.js';
import { foldersIn } from './directory.js';
import { type Finding, findingOf } from './findings.js';

/**
 * `directory` holds one folder a sink; `prefix` is how findings name it. A live sink may be writing
 * the end of its newest file, or replace it.
 */
export async function checkLedgers(
  files: Files,
  directory: string,
  prefix: string,
  isLive: boolean,
): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const name of await foldersIn(files, directory))
    found.push(...(await checkLedger(files, `${directory}/${name}`, `${prefix}${name}/`, isLive)));
  return found;
}

async function checkLedger(
  files: Files,
  directory: string,
  prefix: string,
  isLive: boolean,
): Promise<Finding[]> {
  const found: Finding[] = [];
  const numbers = await ledgerNumbers(files, directory);
  let isNewest = true;
  for (const fileNo of numbers.reverse()) {
    const file = prefix + ledgerName(fileNo);
    const path = `${directory}/${ledgerName(fileNo)}`;
    const read = await readLedgerFile(files, directory, fileNo, CHUNK_COUNT_MAX);
    // Replaced meanwhile.
    if (read === null && (await files.sizeBytes(path)) === null) continue;
    if (read === null) {
      const what = 'its header or its snapshot does not match its checksum';
      found.push(findingOf(isNewest ? 'ledger_damaged' : 'ledger_older_damaged', file, what));
      continue;
    }
    if (isNewest && read.tornBytes > 0 && !isLive)
      found.push(await tailOf(files, path, file, read.endOffset, read.tornBytes));
    isNewest = false;
  }
  return found;
}

/** A crash cuts the last record short. One that others follow was whole once. */
async function tailOf(
  files: Files,
  path: string,
  file: string,
  offset: number,
  length: number,
): Promise<Finding> {
  const detail = { offset, length };
  const recordBytes = await lengthOfRecordAt(files, path, offset);
  const isFollowed = recordBytes !== null && recordBytes < length;
  return isFollowed
    ? findingOf('ledger_damaged', file, 'a record does not match its checksum', detail)
    : findingOf('ledger_torn', file, `${length} bytes behind the last whole record`, detail);
}
