export {
  assignRows,
  filteredDispositions,
  quarantineOf,
  type RowAssignment,
} from './assign-rows.js';
export { type EncodeBlock, encodeRows, unparsedBatch } from './encode-rows.js';
