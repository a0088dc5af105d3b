// Listeners.
import { LIMITS } from '@weir/pipeline';
import { closed, componentByType, count, KiB, LABEL, listen, MiB } from './nodes.js';
import Type, { type Static } from './type.js';

const common = {
  tenant: Type.String({
    pattern: LABEL,
    default: 'default',
    description: 'Tenant of all events of this listener.',
    examples: ['acme'],
  }),
  retention_class: Type.String({
    pattern: LABEL,
    default: 'default',
    description: 'Retention class of the stored rows.',
    examples: ['audit'],
  }),
  shards: count([1, 64], 4, 'Streams per listener; a peer always goes to the same one.', 8),
};

const networks = (description: string) =>
  Type.Array(Type.String({ minLength: 2 }), {
    uniqueItems: true,
    default: [],
    description,
    examples: [['192.0.2.7', '198.51.100.0/24']],
  });

export const SyslogSource = Type.Object(
  {
    type: Type.Literal('syslog'),
    listen: listen('127.0.0.1:5514'),
    protocols: Type.Array(Type.Enum(['udp', 'tcp']), {
      minItems: 1,
      uniqueItems: true,
      default: ['udp', 'tcp'],
      description: 'Transports to listen on.',
      examples: [['tcp']],
    }),
    max_message_bytes: count(
      [480, MiB],
      LIMITS.syslogMessageBytesMax,
      'A longer message is quarantined, cut at this length.',
      8 * KiB,
    ),
    proxy_protocol_from: networks(
      'Load balancers whose TCP connections begin with a PROXY protocol header, version 1 or 2; ' +
        'the source is the address in it.',
    ),
    trusted_relays: networks(
      'Relays whose messages have the host of their own syslog header as source, not the relay.',
    ),
    header: Type.Enum(['marked', 'first_line'], {
      default: 'marked',
      description:
        'Header lines over TCP, which name columns and are no events: marked by # (Zeek, W3C), or ' +
        'the first line of each connection (CSV).',
      examples: ['first_line'],
    }),
    ...common,
  },
  {
    ...closed,
    description: 'Syslog over UDP and TCP, RFC 3164 and RFC 5424, newline or octet counted.',
  },
);

export const HttpSource = Type.Object(
  {
    type: Type.Literal('http'),
    listen: listen('127.0.0.1:8514'),
    max_body_bytes: count(
      [KiB, 256 * MiB],
      LIMITS.httpBodyBytesMax,
      'Larger bodies, after decompression, are answered with 413.',
      4 * MiB,
    ),
    max_item_bytes: count(
      [480, 4 * MiB],
      LIMITS.httpItemBytesMax,
      'A longer item is quarantined, cut at this length.',
      256 * KiB,
    ),
    forwarded_tenants: Type.Array(Type.String({ pattern: LABEL }), {
      uniqueItems: true,
      default: [],
      description:
        'Tenants that frames forwarded by another Weir may carry besides the tenant of this listener.',
      examples: [['branch_a', 'branch_b']],
    }),
    ...common,
  },
  {
    ...closed,
    description:
      'POST /ingest with NDJSON, a JSON array, or frames of another Weir; also /healthz, /readyz ' +
      'and /metrics.',
  },
);

/** What listens when nothing is configured. */
export const DEFAULT_SOURCES = {
  syslog: { type: 'syslog', listen: '127.0.0.1:5514' },
  http: { type: 'http', listen: '127.0.0.1:8514' },
} as const;

export const SOURCE_TYPES = { syslog: SyslogSource, http: HttpSource } as const;
export const SourceSchema = componentByType(
  [SyslogSource, HttpSource],
  'A listener: syslog or http.',
);

export type SyslogSourceConfig = Static<typeof SyslogSource>;
export type HttpSourceConfig = Static<typeof HttpSource>;
