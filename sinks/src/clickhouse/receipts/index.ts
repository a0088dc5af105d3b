export {
  LoaderReceipts,
  type LoaderReceiptsOptions,
  type LoaderReceiptsStats,
  type ReceiptKey,
} from './loader-receipts.js';
