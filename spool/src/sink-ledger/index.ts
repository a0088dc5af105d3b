export { BEFORE_SUFFIX, type BeginningOptions, noteBeginning } from './beginning.js';
export {
  readSinkLedger,
  type SinkLedgerReading,
  type SinkLedgerStream,
} from './read-sink-ledger.js';
export type { LedgerRecord, StreamOutcome, StreamRefusal } from './record-codec.js';
export {
  type LedgerOpening,
  openSinkLedger,
  SinkLedger,
  type SinkLedgerOptions,
} from './sink-ledger.js';
export { LEDGER_KINDS, type LedgerKind } from './tally.js';
