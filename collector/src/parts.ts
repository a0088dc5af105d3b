// Parts of the collector that the whole-system simulation puts together on simulated ports, as
// run/collector.ts does on real ones. Not for users: they have the command.
export { SinkAccounts } from './run/conservation/sink-accounts.js';
export { createProcessor } from './run/sinks/processor.js';
export { createStoreEvidence, type StoreEvidence } from './run/sinks/store-evidence.js';
export { createTaskProcessor, type TaskProcessor } from './run/worker/processor.js';
export {
  type HttpIngest,
  type HttpIngestLimits,
  type HttpIngestOptions,
  registerIngest,
} from './sources/http/ingest.js';
export type { Source } from './sources/source.js';
export { createSyslogSource } from './sources/syslog/index.js';
export { type GatherOptions, gatherBundle } from './verify/gather.js';
export { judge } from './verify/judge.js';
export { KEYS_FOLDER, RECEIPTS_FOLDER } from './verify/sink-record.js';
