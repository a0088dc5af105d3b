export { type LedgerScope, ledgerOutcomes } from './ledger-ranges.js';
export {
  LoaderReceipts,
  type LoaderReceiptsOptions,
  type LoaderReceiptsStats,
  type ReceiptKey,
} from './loader-receipts.js';
