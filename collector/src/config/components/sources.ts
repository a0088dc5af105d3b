// Sources in words.
import { HttpSource, SyslogSource } from '../schema/sources.js';
import type { ComponentSpec } from './spec.js';

const metrics = [
  'component_received_events_total',
  'component_received_event_bytes_total',
  'component_discarded_events_total',
  'component_errors_total',
];

export const sources: readonly ComponentSpec[] = [
  {
    kind: 'source',
    type: 'syslog',
    stability: 'beta',
    schema: SyslogSource,
    exampleId: 'firewalls',
    example: { listen: '127.0.0.1:5514', protocols: ['udp', 'tcp'] },
    guarantees: [
      'An event that was admitted has a number, and is on disk before anything else is done with it.',
      'TCP is read no faster than the spool takes; nothing that was admitted is dropped.',
      'Plain syslog has no acknowledgement: what a sender had put into its socket when a ' +
        'connection broke may be lost or sent twice. UDP that was lost before it was read is only ' +
        'counted.',
      'Events of one peer keep their order per transport.',
    ],
    failures: [
      [
        'the spool is full',
        'TCP waits, or is read and refused with `spool.when_full = "drop_newest"`; UDP is read and ' +
          'refused; refusals are counted as `spool_full`',
      ],
      [
        'a message is longer than `max_message_bytes`',
        'it is quarantined as `oversize`, cut at this length',
      ],
      [
        'the framing is broken, or ends in a message',
        'quarantine as `framing_invalid` or `framing_incomplete`; the connection is closed',
      ],
      ['the kernel drops datagrams', 'they are counted as `udp_kernel_drop`, without numbers'],
      ['the address is in use', 'the start fails with one sentence and exit code 2'],
    ],
    metrics,
  },
  {
    kind: 'source',
    type: 'http',
    stability: 'beta',
    schema: HttpSource,
    exampleId: 'programs',
    example: { listen: '127.0.0.1:8514' },
    guarantees: [
      '200 is answered only after everything in the body is on disk.',
      'With an `Idempotency-Key: producer/epoch/firstSeq` a repeat within an hour gets the first ' +
        'answer and stores nothing twice; without one a sender that retries is at least once.',
      'Frames of another Weir keep their identity; they are stored once, however often they come.',
      'Every 200 has the newest signed checkpoint in the header `Weir-Checkpoint` (base64). With ' +
        '`Prefer: receipt=signed` the answer has a member `receipt`: a signed note of the numbers ' +
        'that the events got, and of the SHA-256 of the body as sent. A repeat of a request that ' +
        'was stored before has none.',
    ],
    failures: [
      ['the spool is full', '503 with Retry-After; the sender keeps its data'],
      ['the body is too large, or cannot be decompressed', '413 or 400; nothing of it is admitted'],
      [
        'an item is no valid JSON or too long',
        'it is admitted, quarantined, and named in `suspect` of the answer',
      ],
      [
        'forwarded frames carry a tenant that is not allowed',
        'the request is refused; nothing of it is admitted',
      ],
      ['too many requests of one peer at once', '429 with Retry-After'],
    ],
    metrics,
  },
];
