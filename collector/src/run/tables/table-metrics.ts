// What /metrics shows of tables: docs/metrics.md explains each.
import type { MetricRow, Metrics } from '@weir/pipeline';
import type { TableFiles, TableState } from './table-files.js';

const LABELS = ['component_id', 'component_kind', 'component_type'];

export function registerTableMetrics(metrics: Metrics, files: TableFiles): void {
  const rows = (read: (state: TableState) => number) => (): MetricRow[] =>
    files.states.flatMap((state) =>
      state.ids.map((id) => ({ labels: labelsOf(id, state), value: read(state) })),
    );
  const gauge = (name: string, help: string, read: (state: TableState) => number): void =>
    metrics.table('gauge', name, help, LABELS, rows(read));
  gauge('enrichment_table_keys', 'Keys of the table in use.', ({ keyCount }) => keyCount);
  gauge('enrichment_table_bytes', 'Its memory.', ({ byteCount }) => byteCount);
  gauge('enrichment_table_failing', '1 while the file gives no table.', ({ problem }) =>
    problem === '' ? 0 : 1,
  );
  gauge(
    'enrichment_table_rejected_rows',
    'Rows of the file that were left out.',
    ({ rejectedCount }) => rejectedCount,
  );
  metrics.table(
    'counter',
    'enrichment_table_reads_total',
    'Readings of the file, by result.',
    [...LABELS, 'result'],
    () =>
      files.states.flatMap((state) =>
        state.ids.flatMap((id) => [
          { labels: { ...labelsOf(id, state), result: 'read' }, value: state.readCount },
          { labels: { ...labelsOf(id, state), result: 'failed' }, value: state.failureCount },
        ]),
      ),
  );
}

const labelsOf = (id: string, { type }: TableState) => ({
  component_id: id,
  component_kind: 'transform',
  component_type: type,
});
