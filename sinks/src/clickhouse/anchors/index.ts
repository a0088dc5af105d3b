export { Anchors, type AnchorsOptions, type AnchorsStats, type TreeCheckpoint } from './anchors.js';
export { type AnchorRow, readAnchors } from './read-anchors.js';
