// The commands by name. Only the one that is asked for is loaded, and with it what it imports: most
// of them start in a third of the time.
import type { Command } from 'commander';

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command>;
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'run',
    summary: 'Run collector, pipeline, sinks and, unless told otherwise, the embedded store.',
    load: async () => (await import('./run.js')).runCommand(),
  },
  {
    name: 'loader',
    summary: 'Load events from a Kafka topic into ClickHouse; run as many as there is work for.',
    load: async () => (await import('./loader.js')).loaderCommand(),
  },
  {
    name: 'kafka',
    summary: 'Check the Kafka cluster between edge and loaders, and make its topics.',
    load: async () => (await import('./kafka/index.js')).kafkaCommand(),
  },
  {
    name: 'dlq',
    summary: 'List, show or replay messages of the topic that no loader could process.',
    load: async () => (await import('./dlq/index.js')).dlqCommand(),
  },
  {
    name: 'validate',
    summary: 'Check a configuration without running it, and print what was understood.',
    load: async () => (await import('./validate.js')).validateCommand(),
  },
  {
    name: 'generate',
    summary: 'Print a commented configuration with every setting of the chosen components.',
    load: async () => (await import('./generate.js')).generateCommand(),
  },
  {
    name: 'parse',
    summary: 'Parse raw events on standard input; print one JSON line per event, in order.',
    load: async () => (await import('./parse.js')).parseCommand(),
  },
  {
    name: 'query',
    summary: 'Run SQL against the store of a running or stopped instance.',
    load: async () => (await import('./query.js')).queryCommand(),
  },
  {
    name: 'tap',
    summary: 'Watch events of a running instance, live, as they leave a component.',
    load: async () => (await import('./tap.js')).tapCommand(),
  },
  {
    name: 'top',
    summary: 'Show rates, latencies, spool and sinks of a running instance; q ends it.',
    load: async () => (await import('./top.js')).topCommand(),
  },
  {
    name: 'graph',
    summary: 'Show the components and the events/s between them.',
    load: async () => (await import('./graph.js')).graphCommand(),
  },
  {
    name: 'load',
    summary: 'Send a seeded mix of device logs with sequence numbers.',
    load: async () => (await import('./load.js')).loadCommand(),
  },
  {
    name: 'verify',
    summary:
      'Check for each sink that the ledger closes: every number that was issued is accounted for.',
    load: async () => (await import('./verify.js')).verifyCommand(),
  },
  {
    name: 'quarantine',
    summary: 'List, show or requeue events that no parser took.',
    load: async () => (await import('./quarantine/index.js')).quarantineCommand(),
  },
  {
    name: 'spool',
    summary: 'Look into, check, repair or export the disk buffer of an instance.',
    load: async () => (await import('./spool/index.js')).spoolCommand(),
  },
  {
    name: 'storage',
    summary: 'Look after the tables: migrations, sizes, retention, backup and restore.',
    load: async () => (await import('./storage/index.js')).storageCommand(),
  },
  {
    name: 'replay',
    summary: 'Send archived events (files, or objects in S3) to a Weir under their first identity.',
    load: async () => (await import('./replay.js')).replayCommand(),
  },
  {
    name: 'prove',
    summary: 'Prove with a signed checkpoint that one event was taken in.',
    load: async () => (await import('./prove.js')).proveCommand(),
  },
  {
    name: 'test',
    summary: 'Run test cases of parsers and pipelines: events in, expected events out.',
    load: async () => (await import('./test/index.js')).testCommand(),
  },
  {
    name: 'pack',
    summary: 'Make a parser of your own: a folder with parser, golden case and test.',
    load: async () => (await import('./pack/index.js')).packCommand(),
  },
  {
    name: 'completion',
    summary: 'Print a completion script for a shell.',
    load: async () => (await import('./completion/index.js')).completionCommand(),
  },
  {
    name: 'proof',
    summary: 'Run a proof, such as collector_spool or ledger.',
    load: async () => (await import('./harness.js')).proofCommand(),
  },
  {
    name: 'bench',
    summary: 'Run a bench, such as spool or end_to_end.',
    load: async () => (await import('./harness.js')).benchCommand(),
  },
];
