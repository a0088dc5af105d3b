// Rows in the encoding of a sink's type. Only what the graph's sinks need is loaded.
import {
  type EncodedBatch,
  type EncodedBlock,
  type EventBatch,
  type SequencedBatch,
  type SinkDocument,
  type StoreProfile,
  type TransformDocument,
  WeirError,
} from '@weir/pipeline';
import type { BulkRowOptions } from '@weir/sinks/elasticsearch/rows';
import { encodeRows } from '@weir/sinks/rows';
import type { HecRowOptions } from '@weir/sinks/splunk/rows';
import type { SyslogRowOptions } from '@weir/sinks/syslog/rows';

export type Encode = (
  events: EventBatch,
  batch: SequencedBatch,
  skipSeqs: Float64Array | null,
) => EncodedBatch;

export interface Encoder {
  readonly encode: Encode;
  /** For a way on which nothing has to be parsed: the batch as it came. Null: always parsed. */
  readonly unparsed: Unparsed | null;
}

export interface Unparsed {
  readonly encode: (batch: SequencedBatch) => EncodedBatch;
  /** Whether a way with these transforms has to be parsed all the same. */
  readonly mustParse: (transforms: readonly Pick<TransformDocument, 'type'>[]) => boolean;
}

/** `rows` are the settings that row-options.ts made, checked by the schema. */
type Rows = SinkDocument['rows'];

const loaders: Readonly<Record<string, (profile: StoreProfile, rows: Rows) => Promise<Encoder>>> = {
  clickhouse: async (profile) => {
    const { encodeBatch } = await import('@weir/sinks/clickhouse/native');
    const encode: Encode = (events, batch, skipSeqs) =>
      encodeBatch(events, batch, skipSeqs, profile);
    return parsed(encode);
  },
  http: ndjson,
  file: ndjson,
  stdout: ndjson,
  s3: ndjson,
  splunk_hec: async (_, rows) => {
    const { encodeHec } = await import('@weir/sinks/splunk/rows');
    const options = rows as unknown as HecRowOptions;
    return parsed((events, batch, skipSeqs) => encodeHec(events, batch, skipSeqs, options));
  },
  syslog: async (_, rows) => {
    const { encodeSyslog } = await import('@weir/sinks/syslog/rows');
    const options = rows as unknown as SyslogRowOptions;
    return parsed((events, batch, skipSeqs) => encodeSyslog(events, batch, skipSeqs, options));
  },
  elasticsearch: async (_, rows) => {
    const { encodeBulk } = await import('@weir/sinks/elasticsearch/rows');
    const options = rows as unknown as BulkRowOptions;
    return parsed((events, batch, skipSeqs) => encodeBulk(events, batch, skipSeqs, options));
  },
  weir: async () => {
    const { encodeFrames, framesNeedParsing } = await import('@weir/sinks/weir/frames');
    return {
      encode: (events, batch) => encodeFrames(events, batch),
      unparsed: { encode: (batch) => encodeFrames(null, batch), mustParse: framesNeedParsing },
    };
  },
  kafka: async (profile) => {
    const { encodeMessages } = await import('@weir/sinks/kafka/messages');
    return {
      encode: (events, batch) => encodeMessages(events, batch, profile),
      unparsed: null,
    };
  },
  kafka_event: async () => {
    const { encodeEventMessages } = await import('@weir/sinks/kafka/messages');
    return { encode: encodeEventMessages, unparsed: null };
  },
  blackhole: async () => {
    const { unsent } = await import('@weir/sinks/weir/frames');
    const mustParse: Unparsed['mustParse'] = (transforms) => transforms.length > 0;
    return { encode: countOnly, unparsed: { encode: unsent, mustParse } };
  },
};

async function ndjson(): Promise<Encoder> {
  const { encodeNdjson } = await import('@weir/sinks/ndjson');
  return parsed(encodeNdjson);
}

const parsed = (encode: Encode): Encoder => ({ encode, unparsed: null });

/** Rejects with WEIR_CONFIG_INVALID for a type that no sink has. */
export function loadEncoder(
  { type, rows }: SinkDocument,
  sink: string,
  profile: StoreProfile,
): Promise<Encoder> {
  const load = Object.hasOwn(loaders, type) ? loaders[type] : undefined;
  if (load === undefined)
    throw new WeirError('WEIR_CONFIG_INVALID', `/sinks/${sink}/type ${type} has no encoder`);
  return load(profile, rows);
}

const noBytes = (rows: Uint16Array): EncodedBlock => ({
  rowCount: rows.length,
  bytes: new Uint8Array(0),
});

/** For the sink that keeps nothing: the counts of any other, and no bytes. */
const countOnly: Encode = (events, { seqFirst }, skipSeqs) =>
  encodeRows(events, seqFirst, skipSeqs, { events: noBytes, quarantine: noBytes });
