// `weir query SQL`: reads the store of a running or stopped instance, or any server by --url.
import { pipeline } from 'node:stream/promises';
import { WeirError } from '@weir/pipeline';
import { createStore } from '@weir/sinks/clickhouse';
import { Command } from 'commander';
import { resolveDataDirectory, withStoreUrl } from './instance.js';

interface QueryOptions {
  readonly data?: string;
  readonly url?: string;
  readonly format?: string;
}

export function queryCommand(): Command {
  return new Command('query')
    .description('Run SQL against the store of a running or stopped instance.')
    .argument('<sql>', 'one statement; `-` reads it from standard input')
    .option('--data <dir>', 'data directory of the instance (default as for run)')
    .option('--url <url>', 'a ClickHouse server instead')
    .option(
      '--format <name>',
      'ClickHouse output format (default PrettyCompact on a terminal, else TSV)',
    )
    .action(query);
}

async function query(sql: string, options: QueryOptions): Promise<void> {
  const text = sql === '-' ? await readAll(process.stdin) : sql;
  const format = options.format ?? (process.stdout.isTTY ? 'PrettyCompactMonoBlock' : 'TSV');
  if (!/^\w+$/.test(format)) {
    throw new WeirError('WEIR_USAGE', `--format must be a name such as JSONEachRow; got ${format}`);
  }
  const directory = resolveDataDirectory(options.data);
  await withStoreUrl(directory, options.url, async (url) => {
    const store = createStore({ url });
    try {
      const result = await store.stream(withFormat(text, format));
      await pipeline(result, process.stdout, { end: false });
    } finally {
      await store.close();
    }
  });
}

/** A statement that names its own format keeps it; one that gives no rows takes none. */
function withFormat(sql: string, format: string): string {
  const bare = sql.trim().replace(/;\s*$/, '');
  if (/\bFORMAT\s+\w+\s*$/i.test(bare)) return bare;
  if (!/^\s*(SELECT|WITH|SHOW|DESCRIBE|DESC|EXISTS|EXPLAIN)\b/i.test(bare)) return bare;
  return `${bare}\nFORMAT ${format}`;
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('utf8');
}
