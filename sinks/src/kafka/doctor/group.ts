// What the positions of the loaders' group say.
import { GroupLag, type GroupLagOptions, type PartitionLag } from '../group-lag.js';
import { type Finding, ok, problem, warning } from './finding.js';

/** Rejects with WEIR_KAFKA_UNREACHABLE. */
export async function examineGroup(options: GroupLagOptions): Promise<Finding> {
  const group = new GroupLag(options);
  try {
    await group.connect();
    const partitions = await group.read();
    return { ...judge(`group ${options.group}`, partitions), partitions };
  } finally {
    await group.close();
  }
}

function judge(what: string, partitions: readonly PartitionLag[]): Finding {
  const lag = partitions.reduce((sum, one) => sum + one.lag, 0);
  const behind = partitions.filter((one) => one.lag > 0);
  const each = behind.map(({ partition, lag: count }) => `${partition}: ${count}`).join(', ');
  const text = `${lag} messages are not loaded${each === '' ? '' : ` (by partition ${each})`}`;
  const gone = partitions.filter((one) => one.gone > 0);
  if (gone.length > 0)
    return problem(
      what,
      `${text}; of partitions ${listOf(gone)} ` +
        `${gone.reduce((sum, one) => sum + one.gone, 0)} messages were deleted before they were ` +
        'loaded: raise retention.ms and retention.bytes of the topic; weir verify at the edge ' +
        'names the events',
    );
  const foreign = partitions.filter(
    ({ committedOffset, isOurs }) => committedOffset !== null && !isOurs,
  );
  if (foreign.length > 0)
    return warning(
      what,
      `${text}; positions of ${listOf(foreign)} were set by another tool: the next loader ` +
        'compares what it reads with the tables first',
    );
  const isNew = partitions.every(({ committedOffset }) => committedOffset === null);
  return ok(what, isNew ? `${text}; no loader has been there yet` : text);
}

const listOf = (partitions: readonly PartitionLag[]): string =>
  partitions.map(({ partition }) => partition).join(', ');
