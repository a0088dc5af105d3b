export {
  assignRows,
  filteredDispositions,
  quarantineOf,
  type RowAssignment,
} from './assign-rows.js';
export { ByteWriter } from './byte-writer.js';
export { type EncodeBlock, encodeRows, unparsedBatch } from './encode-rows.js';
export { RowSources } from './row-source.js';
