export type { Requeuing } from './requeue-stream.js';
export { type ControlOptions, type ControlServer, startControl } from './server.js';
export {
  type SinkStatus,
  type StatusOptions,
  type StatusReport,
  type StatusSink,
  statusReporter,
} from './status.js';
