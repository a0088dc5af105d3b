export { type BatchIdentity, encodeBatch } from './encode-batch.js';
