export {
  type BackupPlace,
  backupTables,
  replaceTables,
  restoreTables,
} from './backup.js';
export { type ColumnGroup, sampleColumnGroups } from './column-groups.js';
export { type LedgerCounts, rebuildLedger } from './rebuild-ledger.js';
export { readStorageStatus, type StorageStatus, type TableStatus } from './status.js';
