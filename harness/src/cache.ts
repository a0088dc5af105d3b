// Where what was fetched once is kept for the next clone: XDG_CACHE_HOME/weir, as in
// scripts/kafka-client.sh.
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Absolute path; it may not exist yet. */
export function cacheDirectory(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'weir');
}
