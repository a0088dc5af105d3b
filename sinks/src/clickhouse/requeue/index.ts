export { batchesOf, formatOf, isCut, type RequeueBatch } from './batches.js';
export { isRequeueOpen } from './intent.js';
export { emptyReport, type RequeueReport } from './report.js';
export { type RequeueRequest, Requeuer, type RequeuerOptions } from './requeuer.js';
export {
  countQuarantine,
  type EventKey,
  type QuarantineCount,
  type QuarantineCounts,
  type QuarantineFilter,
  type QuarantineRow,
  readQuarantine,
} from './rows.js';
