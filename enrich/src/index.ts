export { FORMATS } from './formats/rows.js';
export { TableView } from './table/view.js';
export { TableError } from './table-error.js';
export { buildTable, type TableSpec, tableKeyOf } from './table-spec.js';
export type { BuiltTable } from './tables/built.js';
export { type ShapeStep, shapeStep } from './transforms/index.js';
export { Tables } from './transforms/tables.js';
