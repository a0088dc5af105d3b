export type { SeqRange } from './ranges.js';
export { type LedgerStream, readLedger } from './read-ledger.js';
export { readSources, type SourceReport, type SourcesWanted } from './read-sources.js';
export {
  type IssuedStream,
  type LedgerReport,
  type PendingRange,
  type VerifiedStream,
  verifyLedger,
} from './verify-ledger.js';
export { type DeepReport, type TableStream, verifyTables } from './verify-tables.js';
