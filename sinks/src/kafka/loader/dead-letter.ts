// Messages that cannot be processed go to the dead letter topic as they are, with a reason and
// where they came from; the ledger says which numbers they held, as far as their headers tell.
import type { Disposition, SequencedBatch } from '@weir/pipeline';
import { allocateBytes, WeirError } from '@weir/pipeline';
import type { ConsumedMessage, MessageHeaders } from '../client/binding.js';
import type { Producer } from '../client/producer.js';

export const DEAD_LETTER_SUFFIX = '.dlq';
const REASON_LENGTH_MAX = 1_000;
/** Of the dead letter topic, beside those that the message had. */
export const HEADERS = {
  reason: 'weir-reason',
  topic: 'weir-topic',
  partition: 'weir-partition',
  offset: 'weir-offset',
} as const;

/** Headers that say why and where from. */
const HEADERS_BYTES_MAX = 16 * 1024;

/** What the dead letter topic must take where the topic takes `messageBytesMax`. */
export const deadLetterBytesMax = (messageBytesMax: number): number =>
  messageBytesMax + HEADERS_BYTES_MAX;

export const deadLetterTopic = (topic: string): string => `${topic}${DEAD_LETTER_SUFFIX}`;

/** Resolves when it is in the dead letter topic. Rejects with WEIR_KAFKA_UNREACHABLE. */
export async function sendToDeadLetter(
  producer: Pick<Producer, 'send'>,
  message: ConsumedMessage,
  reason: string,
  signal: AbortSignal,
): Promise<void> {
  const error = await producer.send(
    [
      {
        topic: deadLetterTopic(message.topic),
        partition: null,
        key: message.key?.toString() ?? '',
        value: message.value ?? new Uint8Array(0),
        headers: [
          ...(message.headers ?? []),
          { [HEADERS.reason]: reason.slice(0, REASON_LENGTH_MAX) },
          { [HEADERS.topic]: message.topic },
          { [HEADERS.partition]: String(message.partition) },
          { [HEADERS.offset]: String(message.offset) },
        ],
      },
    ],
    signal,
  );
  if (error !== null)
    throw new WeirError(
      'WEIR_KAFKA_UNREACHABLE',
      `a message cannot be put into ${deadLetterTopic(message.topic)}: ${error.message}`,
      { code: error.code },
    );
}

/** A batch without rows that declares the message's numbers lost; replaying it stores them. */
export function lostBatchOf(message: ConsumedMessage): SequencedBatch {
  const { tenant, stream, epoch, seqFirst, seqLast } = identityOf(message.headers ?? []);
  const dispositions: Disposition[] =
    seqLast < seqFirst
      ? []
      : [
          {
            kind: 'lost',
            cause: 'dead_letter',
            seqRanges: [[seqFirst, seqLast]],
            eventCount: seqLast - seqFirst + 1,
          },
        ];
  return {
    ...{ tenant, stream, epoch, seqFirst, eventCount: 0, dispositions },
    retentionClass: '',
    format: 'syslog',
    receivedAtNs: BigInt(Math.max(0, message.timestamp ?? 0)) * 1_000_000n,
    bytes: allocateBytes(0),
    offsets: new Uint32Array(1),
    marks: new Uint32Array(0),
    runs: [],
    requestParts: [],
  };
}

/** Numbers that no message of ours holds: headers may come from anyone. */
const EVENTS_MAX = 65_536;

/** As text; empty where it is not there. */
export function headerOf(headers: MessageHeaders, name: string): string {
  const header = headers.find((one) => name in one);
  return header === undefined ? '' : String(header[name]);
}

/** The numbers that the headers name; none where `seqLast` is below `seqFirst`. */
export function identityOf(headers: MessageHeaders) {
  const textOf = (name: string): string => headerOf(headers, name);
  const [, first = '', last = ''] = /^(\d{1,15})-(\d{1,15})$/.exec(textOf('weir-seq')) ?? [];
  const [tenant, stream, epoch] = ['weir-tenant', 'weir-stream', 'weir-epoch'].map(textOf) as [
    string,
    string,
    string,
  ];
  const isKnown = tenant !== '' && stream !== '' && /^\d{1,20}$/.test(epoch) && first !== '';
  const [seqFirst, seqLast] = [Number(first), Number(last)];
  if (!isKnown || seqLast < seqFirst || seqLast - seqFirst >= EVENTS_MAX)
    return { tenant: '', stream: '', epoch: 0n, seqFirst: 0, seqLast: -1 };
  return { tenant, stream, epoch: BigInt(epoch), seqFirst, seqLast };
}
