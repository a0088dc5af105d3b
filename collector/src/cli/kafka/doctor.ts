// `weir kafka doctor`: exit code 0 only if the cluster can be used as it stands.
import { messageOf, WeirError } from '@weir/pipeline';
import { nodeTimers } from '@weir/pipeline/node';
import {
  BATCH_SCHEMA,
  type Binding,
  examine,
  type Finding,
  loadBinding,
  registerSchema,
} from '@weir/sinks/kafka';
import { Command } from 'commander';
import { loadConfig } from '../../config/load.js';
import type { Config } from '../../config/schema.js';
import { kafkaConnectionOf } from '../../run/sinks/kafka-writer.js';
import { integer } from '../integer.js';

interface Flags {
  readonly config?: string;
  readonly create?: true;
  readonly partitions: number;
  readonly replication?: number;
  readonly json?: true;
}

const PARTITIONS_DEFAULT = 6;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Check brokers, topics, replicas, the group and the schema; make what is missing.')
    .option('--config <file>', 'file with [kafka]; default as for weir run')
    .option('--create', 'make the topic and TOPIC.dlq where they are missing')
    .option(
      '--partitions <n>',
      'with --create: partitions of a topic',
      integer(1, 10_000),
      PARTITIONS_DEFAULT,
    )
    .option(
      '--replication <n>',
      'with --create: replicas (default 3, or as many as there are brokers)',
      integer(1, 9),
    )
    .option('--json', 'the findings as JSON')
    .addHelpText(
      'after',
      '\nEach line says ok, warning, problem or unchecked, and what to do. Settings of topics are' +
        '\nunchecked: the client cannot read them.' +
        '\nExit codes: 0 there is no problem, 1 there is one, 2 wrong usage.',
    )
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const { config } = loadConfig({ config: flags.config }, process.env);
  const { kafka } = config;
  if (kafka.brokers === '')
    throw new WeirError('WEIR_USAGE', 'which brokers? Set KAFKA_BROKERS, or brokers in [kafka]');
  const { partitions, replication = null } = flags;
  let binding: Binding;
  try {
    binding = loadBinding();
  } catch (error) {
    return report([{ what: 'client', state: 'problem', text: messageOf(error) }], flags);
  }
  const clientFinding: Finding = {
    ...{ what: 'client', state: 'ok' },
    text: `librdkafka ${binding.librdkafkaVersion}`,
  };
  const findings = await examine({
    connection: kafkaConnectionOf(config),
    topic: kafka.topic,
    group: kafka.group_id,
    messageBytesMax: kafka.message_max_bytes,
    create: flags.create === undefined ? null : { partitions, replication },
    timers: nodeTimers,
    binding,
  });
  findings.unshift(clientFinding);
  findings.push(await schemaOf(config));
  report(findings, flags);
}

function report(findings: readonly Finding[], flags: Flags): void {
  process.exitCode = findings.some(({ state }) => state === 'problem') ? 1 : 0;
  const text = flags.json ? JSON.stringify(findings) : findings.map(lineOf).join('\n');
  process.stdout.write(`${text}\n`);
}

const lineOf = ({ what, state, text }: Finding): string => `${state.padEnd(9)} ${what}: ${text}`;

async function schemaOf({ kafka }: Config): Promise<Finding> {
  const what = 'schema';
  if (kafka.schema_registry_url === '')
    return { what, state: 'ok', text: `id ${kafka.schema_id} of the configuration, no registry` };
  try {
    const id = await registerSchema(
      kafka.schema_registry_url,
      `${kafka.topic}-value`,
      BATCH_SCHEMA,
    );
    return { what, state: 'ok', text: `id ${id} of the registry` };
  } catch (error) {
    return { what, state: 'problem', text: messageOf(error) };
  }
}
