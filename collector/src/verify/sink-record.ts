// Which sinks an instance has: what run.json of the running or last process says, and what spool
// and ledgers show of sinks that were there before.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BEFORE_SUFFIX } from '@weir/spool';

export interface KnownSink {
  /** Id of the component, and name of its consumer. */
  readonly id: string;
  readonly type: string;
  readonly isRequired: boolean;
  /** False: it was taken out of the configuration. */
  readonly isConfigured: boolean;
}

/** Folders in DIR/ledger, one a sink. */
export const LEDGER_FOLDER = 'ledger';
/** Intents of loader and requeue. */
export const INTENT_FOLDER = 'loader';
/** Keys of the node. */
export const KEYS_FOLDER = 'keys';
/** Signed receipts, one folder a sink. */
export const RECEIPTS_FOLDER = 'receipts';
const CLICKHOUSE = 'clickhouse';

interface Recorded {
  readonly type?: unknown;
  readonly required?: unknown;
}

/**
 * `consumers` are those of the spool. Before there were several sinks there was the ClickHouse one,
 * and no run.json named it.
 */
export function knownSinks(directory: string, consumers: readonly string[]): KnownSink[] {
  const recorded = recordedSinks(directory);
  const ledgers = namesIn(join(directory, LEDGER_FOLDER)).filter(
    (name) => !name.endsWith(BEFORE_SUFFIX),
  );
  const sinks = new Map<string, KnownSink>();
  for (const [id, { type, required }] of Object.entries(recorded ?? {})) {
    const isRequired = required !== false;
    sinks.set(id, { id, type: String(type ?? ''), isRequired, isConfigured: true });
  }
  for (const id of [...ledgers, ...consumers]) {
    if (sinks.has(id)) continue;
    const type = ledgers.includes(id) ? '' : CLICKHOUSE;
    // Without a record of the configuration every sink that there is counts.
    sinks.set(id, { id, type, isRequired: true, isConfigured: recorded === null });
  }
  if (sinks.size === 0)
    sinks.set(CLICKHOUSE, {
      id: CLICKHOUSE,
      type: CLICKHOUSE,
      isRequired: true,
      isConfigured: true,
    });
  return [...sinks.values()];
}

export const isClickhouse = ({ type }: Pick<KnownSink, 'type'>): boolean => type === CLICKHOUSE;

/** As the running or last process had them. Null if no process has left a record. */
export function recordedSinks(directory: string): Record<string, Recorded> | null {
  for (const name of ['run.json', 'last-run.json']) {
    try {
      const found = JSON.parse(readFileSync(join(directory, name), 'utf8')) as {
        readonly sinks?: Record<string, Recorded>;
      };
      if (typeof found.sinks === 'object') return found.sinks;
    } catch {
      // Not there, or of a process that ended while it was written.
    }
  }
  return null;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
