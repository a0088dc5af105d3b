export { DeadLetter, type DeadLetterMark, type DeadLetterOptions } from './dead-letter.js';
export { createDelivery } from './delivery.js';
export {
  DELIVERY_LIMITS,
  type DeliveryLimits,
  type DeliveryLogDetails,
  type DeliveryLogLevel,
  type DeliveryOptions,
  isStateful,
  type StatefulSink,
} from './options.js';
export { type Overrun, type OverrunOptions, spoolOverrun } from './overrun.js';
export type { BlockEncoding } from './payload.js';
