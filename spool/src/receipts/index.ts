export {
  RECEIPT_KINDS,
  type ReceiptDocument,
  type ReceiptKind,
  type ReceiptOutcome,
  ReceiptOutcomes,
  type ReceiptStream,
  type SettledCounts,
} from './outcomes.js';
export { type ReceiptReading, readReceipts } from './receipt-files.js';
export {
  outcomesOf,
  type ReceiptGap,
  receiptGaps,
  type SettledStream,
  settledNumbers,
} from './receipt-gaps.js';
export {
  type NoteSigner,
  openReceiptLog,
  ReceiptLog,
  type ReceiptLogOptions,
  type ReceiptOpening,
} from './receipt-log.js';
export { NO_PREVIOUS, parseDocument, receiptText, type StoredReceipt } from './receipt-note.js';
