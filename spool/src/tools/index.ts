export { hex } from './check-small-files.js';
export { consumersOf, type ExportFilter, type ExportStep, exportSpool } from './export.js';
export {
  type ConcernedNumbers,
  FINDING_KINDS,
  type Finding,
  type FindingKind,
  findingOf,
} from './findings.js';
export { type FsckOptions, type FsckReport, fsckSpool } from './fsck.js';
export {
  type FrameSums,
  type OverviewConsumer,
  type OverviewOptions,
  type OverviewSegment,
  type OverviewStream,
  overviewOf,
  type SegmentState,
  type SpoolOverview,
} from './overview.js';
export {
  REPAIR_FREE_BYTES_MIN,
  type RepairOptions,
  type RepairResult,
  repairSpool,
} from './repair.js';
export { ACTION_TEXTS, planRepair, type RepairAction, type RepairStep } from './repair-plan.js';
