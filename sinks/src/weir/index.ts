export { encodeFrames, framesNeedParsing } from './encode-frames.js';
export {
  createWeirSink,
  ingestUrlOf,
  type WeirSinkDependencies,
  type WeirSinkOptions,
} from './weir-sink.js';
