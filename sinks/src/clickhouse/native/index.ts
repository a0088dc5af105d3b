export { type BlockColumn, blockOf, columnsOf, type NativeColumns } from './block-columns.js';
export { ByteReader } from './byte-reader.js';
export { checkColumns } from './check-columns.js';
export {
  type BatchIdentity,
  encodeBatch,
  type NativeBatch,
  type NativeBlock,
} from './encode-batch.js';
export { rowsOf } from './row-filter.js';
