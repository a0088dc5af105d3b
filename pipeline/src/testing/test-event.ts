// An event for the unit tests of people's own components, without a collector around it.
import { allocateBytes, type InputFormat } from '../batch.js';
import { LiveRow } from '../event/live-row.js';
import type { Adds, Event, NoAdds } from '../event/types.js';
import { ColumnWriter } from '../runtime/column-writer.js';
import { markName } from '../taxonomy.js';

export interface TestEventOptions<Added extends Adds> {
  /** The event as received; default empty. */
  readonly raw?: string | Uint8Array;
  /** Set before the component sees the event. */
  readonly fields?: Readonly<Record<string, string | number | boolean>>;
  /** What components before it, and it itself, declare. */
  readonly adds?: Added | undefined;
  readonly source?: string;
  readonly tenant?: string;
  readonly format?: InputFormat;
}

export interface TestEvent<Added> {
  readonly event: Event<Added>;
  /** The event as a nested object, as it is now. */
  toOcsf(): Record<string, unknown>;
  /** Why it goes to quarantine; null when it does not. */
  rejection(): string | null;
}

export function testEvent<const Added extends Adds = NoAdds>(
  options: TestEventOptions<Added> = {},
): TestEvent<Added> {
  const { raw = '', fields = {}, adds, source = '192.0.2.1' } = options;
  const given = typeof raw === 'string' ? new TextEncoder().encode(raw) : raw;
  const bytes = allocateBytes(given.length);
  bytes.set(given);
  const batch = {
    tenant: options.tenant ?? 'default',
    stream: 'node/test/0',
    retentionClass: 'default',
    format: options.format ?? 'syslog',
    receivedAtNs: 1_772_366_400_000_000_000n,
    eventCount: 1,
    bytes,
    offsets: Uint32Array.of(0, bytes.length),
    marks: new Uint32Array(0),
    runs: [{ eventCount: 1, source, sourceSeqFirst: 0, context: '' }],
    requestParts: [],
    dispositions: [],
  };
  const writer = new ColumnWriter();
  writer.begin(batch);
  writer.openRow(0);
  const event = new LiveRow(writer, adds);
  event.begin(batch);
  event.move(0);
  for (const [path, value] of Object.entries(fields)) event.set(path, value);
  return {
    event: event as Event<Added>,
    toOcsf: () => event.toOcsf(),
    rejection: () => {
      const code = writer.rejectedAs(0);
      return code === 0 ? null : markName(code);
    },
  };
}
