// The Avro schema of a batch: what travels in one message of the topic. Columns stand in it as
// ClickHouse's Native format has them, so that the loader puts them one behind the other and looks
// at no row. New fields get a default: readers and writers of other versions understand each other
// (Avro 1.11, schema resolution; compatibility BACKWARD).
import type { AvroRecord } from '../../avro/index.js';

const SEQ_RANGES = {
  type: 'array',
  items: 'long',
  doc: 'Numbers as first, last pairs, ascending.',
} as const;

const DISPOSITION = {
  type: 'record',
  name: 'Disposition',
  fields: [
    { name: 'kind', type: 'string', doc: 'filtered, lost or refused.' },
    { name: 'cause', type: 'string', doc: 'Why.' },
    { name: 'seq_ranges', type: SEQ_RANGES, doc: 'Empty for refused: those got no number.' },
    { name: 'event_count', type: 'long', doc: 'How many numbers, or how many refusals.' },
  ],
} as const;

const RUN = {
  type: 'record',
  name: 'SourceRun',
  fields: [
    { name: 'event_count', type: 'int', doc: 'Neighbouring events of one source.' },
    { name: 'source', type: 'string', doc: 'Peer address or name.' },
    { name: 'source_seq_first', type: 'long', doc: 'Number of the first among its events.' },
    { name: 'context', type: 'string', doc: 'Header lines that were in force.' },
  ],
} as const;

const BLOCK = {
  type: 'record',
  name: 'Block',
  fields: [
    { name: 'row_count', type: 'int', doc: 'Rows of each column.' },
    {
      name: 'columns',
      doc: 'Columns that have a value in at least one row.',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Column',
          fields: [
            { name: 'name', type: 'string', doc: 'Of the table.' },
            { name: 'type', type: 'string', doc: 'As ClickHouse writes it.' },
            { name: 'data', type: 'bytes', doc: 'In Native encoding.' },
          ],
        },
      },
    },
  ],
} as const;

export const BATCH_SCHEMA: AvroRecord = {
  type: 'record',
  name: 'EventBatch',
  namespace: 'weir.events.v1',
  doc: 'Neighbouring events of one stream: numbers seq_first to seq_first + event_count - 1.',
  fields: [
    { name: 'tenant_id', type: 'string', doc: 'Tenant.' },
    { name: 'stream', type: 'string', doc: 'Admission queue: node/listener/shard.' },
    { name: 'epoch', type: 'string', doc: 'Process start of the node, decimal.' },
    { name: 'seq_first', type: 'long', doc: 'Number of the first event.' },
    { name: 'event_count', type: 'int', doc: 'Numbers, whatever became of them.' },
    {
      name: 'ingest_time',
      type: { type: 'long', logicalType: 'timestamp-micros' },
      doc: 'When the batch was received.',
    },
    { name: 'retention_class', type: 'string', doc: 'Of its listener.' },
    { name: 'format', type: 'string', doc: 'syslog or json.' },
    { name: 'runs', type: { type: 'array', items: RUN }, doc: 'Sources, in order.' },
    {
      name: 'dispositions',
      type: { type: 'array', items: DISPOSITION },
      doc: 'What became of numbers that have no row, and refusals that got no number.',
    },
    {
      name: 'filtered',
      type: { type: 'array', items: 'Disposition' },
      doc: 'Numbers that the pipeline filtered.',
    },
    { name: 'quarantined', type: SEQ_RANGES, doc: 'Numbers whose rows are in `quarantine`.' },
    {
      name: 'quarantined_by_reason',
      type: { type: 'map', values: 'long' },
      doc: 'How many for each reason.',
    },
    { name: 'events', type: ['null', BLOCK], doc: 'Rows for the events table.', default: null },
    {
      name: 'quarantine',
      type: ['null', 'Block'],
      doc: 'Rows for quarantine.',
      default: null,
    },
  ],
};
