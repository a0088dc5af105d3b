// Collector, broker, loaders and store, each of them killed, cut off or frozen while events flow.
import type { Proof } from '../../harness/proof.js';
import { stress } from './stress.js';

export const kafkaStress: Proof = {
  name: 'kafka_stress',
  summary:
    'events through Kafka into ClickHouse while loaders join, leave, die and freeze, the store is ' +
    'cut off, hangs and dies, and brokers are killed: each event once, malformed ones in quarantine',
  sabotages: ['drop_batch'],
  needs: { cores: 2, diskMiB: 4096, memoryMiB: 4096, privileges: [], expectedSeconds: 150 },
  longSeconds: 900,
  counts: [10_000, 1_000_000],
  run: stress,
};
