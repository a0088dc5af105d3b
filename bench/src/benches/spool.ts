// The way to the disk, twice: batches that are in memory already, in this process; and lines over
// TCP into a real collector, which is framing, admission and spool together.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, BenchOptions, BenchResult } from '../bench.js';
import { fsyncIntervals } from './fsync-intervals.js';
import { spoolInMemory } from './spool-memory.js';
import { tcpDurable } from './tcp-durable.js';

export const spool: Bench = {
  name: 'spool',
  summary: 'batches to durable frames; TCP to durable frames; or what --fsync-interval LIST costs',
  run,
};

async function run(options: BenchOptions): Promise<BenchResult> {
  const work = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  try {
    if (options.fsyncIntervalsMs !== null) return await fsyncIntervals(options, work);
    const memory = await spoolInMemory(options, work);
    const tcp = await tcpDurable(options, work);
    return {
      measures: { ...memory.measures, ...tcp.measures },
      facts: { ...memory.facts, ...tcp.facts },
      hash: `${memory.hash.slice(0, 32)}${tcp.hash.slice(0, 32)}`,
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
