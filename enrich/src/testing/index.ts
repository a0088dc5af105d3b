export { type MmdbEntry, writeMmdb } from './mmdb-writer.js';
