// A thread that reads one table and ends: neither the thread that reads sockets nor those that
// parse wait for it.
import { parentPort, workerData } from 'node:worker_threads';
import { type TableSpec, TableView } from '@weir/enrich';
import { messageOf } from '@weir/pipeline';
import { keepLastGood, readLastGood } from './last-good.js';
import { readTable, signatureOf } from './read-table.js';

export interface TableJob {
  readonly spec: TableSpec;
  /** Where the last good table is kept. */
  readonly lastGoodPath: string;
  /** Whether that one is wanted when the file gives none. */
  readonly isLastGoodWanted: boolean;
}

export interface TableAnswer {
  /** Null: there is none. */
  readonly bytes: SharedArrayBuffer | null;
  readonly keyCount: number;
  readonly rejectedCount: number;
  readonly firstRejection: string;
  /** State of the file that was read; empty when it changed meanwhile. */
  readonly signature: string;
  /** Why the file gave no table; empty when it did. */
  readonly problem: string;
  /** Why the table could not be kept for the next start; empty when it was. */
  readonly keepProblem: string;
}

parentPort?.postMessage(answer(workerData as TableJob));

function answer({ spec, lastGoodPath, isLastGoodWanted }: TableJob): TableAnswer {
  const before = signature(spec.path);
  const none = { keyCount: 0, rejectedCount: 0, firstRejection: '', keepProblem: '' };
  try {
    const table = readTable(spec);
    const isSteady = before === signature(spec.path);
    return {
      ...table,
      signature: isSteady ? before : '',
      problem: '',
      keepProblem: isSteady ? keep(lastGoodPath, table.bytes) : '',
    };
  } catch (error) {
    const problem = messageOf(error);
    const isRows = spec.type !== 'geoip';
    const bytes = isLastGoodWanted ? readLastGood(lastGoodPath, isRows) : null;
    const keyCount = bytes !== null && isRows ? new TableView(bytes).keyCount : 0;
    return { ...none, keyCount, bytes, signature: before, problem };
  }
}

/** A full disk is no reason to go without the table. */
function keep(path: string, table: SharedArrayBuffer): string {
  try {
    keepLastGood(path, table);
    return '';
  } catch (error) {
    return messageOf(error);
  }
}

function signature(path: string): string {
  try {
    return signatureOf(path);
  } catch {
    return 'missing';
  }
}
