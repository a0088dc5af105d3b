export {
  assignRows,
  filteredDispositions,
  quarantineOf,
  type RowAssignment,
} from './assign-rows.js';
