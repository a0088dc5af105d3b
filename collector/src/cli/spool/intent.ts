// DIR/loader/loader-intent.json: what the ClickHouse sink was about to insert.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, systemCodeOf } from '@weir/pipeline';
import { decodeIntent } from '@weir/sinks/clickhouse';

/** What is wrong with it, without a dot; null for nothing. Throws WEIR_SPOOL_VERSION. */
export function intentFinding(dataDirectory: string): string | null {
  let text: string;
  try {
    text = readFileSync(join(dataDirectory, 'loader', 'loader-intent.json'), 'utf8');
  } catch (error) {
    return systemCodeOf(error) === 'ENOENT' ? null : `it cannot be read: ${messageOf(error)}`;
  }
  return decodeIntent(text).kind === 'unreadable' ? 'its checksum does not match' : null;
}
