// Every sink but ClickHouse: its writer, its ledger, its quarantine, and the delivery that ties
// them to a consumer of the spool.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { reasonOf, type SinkRunner, type SinkStats, WeirError } from '@weir/pipeline';
import { createBlackholeSink } from '@weir/sinks/blackhole';
import { createDelivery, DeadLetter, spoolOverrun } from '@weir/sinks/delivery';
import { createFileSink } from '@weir/sinks/file';
import { createStdoutSink } from '@weir/sinks/stdout';
import { createWeirSink } from '@weir/sinks/weir';
import { openSinkLedger, patientFiles } from '@weir/spool';
import type { ClickhouseSinkConfig, SinkConfig } from '../../config/schema.js';
import { SinkAccounts } from '../conservation/sink-accounts.js';
import { makeDirectories } from '../data-directory.js';
import { noteBeginningOf } from './beginning.js';
import {
  LEDGER_FOLDER,
  type ManagedSink,
  QUARANTINE_FOLDER,
  type SinkDependencies,
  type SinkRecord,
} from './managed-sink.js';
import { batchLimits, type Writer, withoutSecrets } from './writer.js';

const KAFKA_WRITES_MAX = 8;

export type DeliverySinkConfig = Exclude<SinkConfig, ClickhouseSinkConfig>;

export async function openDeliverySink(
  id: string,
  config: DeliverySinkConfig,
  dependencies: SinkDependencies,
): Promise<ManagedSink> {
  const { config: whole, spool, files, clock, timers, random, processor, onClose } = dependencies;
  const log = dependencies.log.child({ component: id });
  const ledgerParent = join(whole.data_dir, LEDGER_FOLDER);
  const quarantine = join(whole.data_dir, QUARANTINE_FOLDER, id);
  for (const directory of [ledgerParent, quarantine]) makeDirectories(directory);
  const ledger = await openSinkLedger({
    files: patientFiles(files, timers),
    random,
    directory: join(ledgerParent, id),
  });
  onClose(`ledger of ${id}`, () => ledger.close());
  await noteBeginningOf({ id, type: config.type }, ledger, dependencies);
  const deadLetter = new DeadLetter({ files, directory: quarantine });
  onClose(`quarantine of ${id}`, () => deadLetter.close());
  const writer = await createWriter(id, config, dependencies);
  onClose(`sink ${id}`, () => writer.sink.close());
  const accounts = new SinkAccounts(dependencies.consumer, spool);
  const delivery = createDelivery({
    id,
    sink: writer.sink,
    encoding: writer.encoding,
    consumer: accounts,
    onSettled: (outcomes) => accounts.note(outcomes),
    processor,
    ledger,
    deadLetter,
    clock,
    timers,
    random,
    overrun: config.required
      ? null
      : spoolOverrun({
          consumer: id,
          maxLagBytes: config.max_lag_bytes,
          requiredConsumers: dependencies.requiredSinks.filter((name) => name !== id),
          stats: () => spool.stats(),
        }),
    ...(writer.writesMax === undefined ? {} : { writesMax: writer.writesMax }),
    ...(writer.limits === undefined ? {} : { limits: writer.limits }),
    log: (level, message, details) => log[level](details, message),
  });
  return new DeliverySink(id, config, writer.target, delivery, accounts, dependencies);
}

class DeliverySink implements ManagedSink {
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
  readonly record: SinkRecord;
  readonly #delivery: SinkRunner;
  readonly #spool: SinkDependencies['spool'];

  constructor(
    readonly id: string,
    config: DeliverySinkConfig,
    target: string,
    delivery: SinkRunner,
    readonly accounts: SinkAccounts,
    dependencies: SinkDependencies,
  ) {
    this.type = config.type;
    this.isRequired = config.required;
    this.description = target === '' ? config.type : `${config.type} ${target}`;
    this.record = { type: config.type, required: config.required, target };
    this.#delivery = delivery;
    this.#spool = dependencies.spool;
  }

  get missingEvents(): number {
    return this.accounts.missingEvents;
  }
  run(signal: AbortSignal): Promise<void> {
    return this.#delivery.run(signal);
  }
  drain(deadlineMs: number): Promise<boolean> {
    return this.#delivery.drain(deadlineMs);
  }
  stats(): SinkStats {
    return this.#delivery.stats();
  }
  pending(): { readonly events: number; readonly bytes: number } {
    const pending = this.#spool.stats().consumers[this.id];
    return { events: pending?.pendingEventCount ?? 0, bytes: pending?.pendingBytes ?? 0 };
  }
}

/** Each type is loaded where it is configured: an agent has little memory, and one sink. */
async function createWriter(
  id: string,
  config: DeliverySinkConfig,
  dependencies: SinkDependencies,
): Promise<Writer> {
  const { config: whole, files, clock, timers } = dependencies;
  switch (config.type) {
    case 'http': {
      const { createHttpSink } = await import('@weir/sinks/http');
      const sink = createHttpSink(
        {
          url: config.url,
          headers: config.headers,
          format: config.format,
          compression: config.compression,
          timeoutMs: config.timeout_ms,
          tlsCaFile: config.tls_ca_file ?? null,
        },
        { clock, timers },
      );
      return {
        sink,
        encoding: 'lines',
        target: withoutSecrets(config.url),
        writesMax: sink.writesInFlightMax,
        limits: batchLimits(config),
      };
    }
    case 'weir':
      return {
        sink: createWeirSink({
          url: config.url,
          headers: config.headers,
          timeoutMs: config.timeout_ms,
          ...(config.tls_ca_file === undefined ? {} : { ca: readCa(id, config.tls_ca_file) }),
        }),
        encoding: 'frames',
        target: withoutSecrets(config.url),
        limits: { retryDelayMsMax: config.retry_max_delay_ms },
      };
    case 'kafka': {
      const { createKafkaWriter, kafkaTarget } = await import('./kafka-writer.js');
      return {
        sink: createKafkaWriter(whole, config, {
          timers,
          log: dependencies.log.child({ component: id }),
          nodeId: dependencies.spool.nodeId,
        }),
        encoding: 'frames',
        // The client sends in the order in which it was given messages.
        writesMax: KAFKA_WRITES_MAX,
        target: kafkaTarget(whole, config),
        limits: { lingerMs: config.linger_ms, retryDelayMsMax: config.retry_max_delay_ms },
      };
    }
    case 'file':
      return {
        sink: createFileSink(
          {
            // The ledger knows it by this name, from whatever directory the next start is.
            path: resolve(config.path),
            maxFileBytes: config.max_file_bytes,
            maxFiles: config.max_files,
            compression: config.compression,
          },
          { files, log: (line) => dependencies.log.warn({ component: id }, line) },
        ),
        encoding: 'lines',
        target: config.path,
      };
    case 'stdout':
      return { sink: createStdoutSink(), encoding: 'lines', target: '' };
    case 'splunk_hec':
      return (await import('./writers.js')).splunkWriter(config, { clock, timers });
    case 'elasticsearch':
      return (await import('./writers.js')).elasticsearchWriter(config, { clock, timers });
    case 's3':
      return (await import('./writers.js')).s3Writer(id, config, { clock, timers });
    case 'syslog':
      return (await import('./writers.js')).syslogWriter(config, { timers });
    case 'blackhole':
      return { sink: createBlackholeSink(), encoding: 'none', target: '' };
  }
}

function readCa(id: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      `/sinks/${id}/tls_ca_file cannot be read: ${reasonOf(error)}`,
    );
  }
}
