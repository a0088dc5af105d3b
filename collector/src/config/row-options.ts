// What the encoders of workers are told of a sink's settings: how its rows look, and no more.
import type { BulkRowOptions } from '@weir/sinks/elasticsearch/rows';
import type { HecRowOptions } from '@weir/sinks/splunk/rows';
import type { SyslogRowOptions } from '@weir/sinks/syslog/rows';
import type { SinkConfig } from './schema.js';

/** Undefined for types whose rows always look the same. */
export function rowOptionsOf(sink: SinkConfig): Readonly<Record<string, unknown>> | undefined {
  switch (sink.type) {
    case 'splunk_hec':
      return {
        event: sink.event,
        sourcetype: sink.sourcetype,
        ...(sink.index === undefined ? {} : { index: sink.index }),
        byParser: sink.by_parser,
      } satisfies HecRowOptions;
    case 'syslog':
      return {
        event: sink.event,
        format: sink.format,
        framing: sink.framing,
        facility: sink.facility,
        hasIdentity: sink.identity,
      } satisfies SyslogRowOptions;
    case 'elasticsearch':
      return { event: sink.event, index: sink.index } satisfies BulkRowOptions;
    default:
      return undefined;
  }
}
