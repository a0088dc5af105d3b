// Disaster recovery, as an operator would train it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Proof, ProofContext } from '../../harness/proof.js';
import { inParts, type ProofResult } from '../../harness/report.js';
import { disaster } from './disaster.js';
import { outage } from './outage.js';

export const drill: Proof = {
  name: 'drill',
  summary:
    'a server that hangs and is killed: the circuit opens and closes, load goes on; a store that is ' +
    'deleted and restored: the ledger closes, and does not with a backup that is too old',
  sabotages: ['drop_event', 'restore_older_backup'],
  needs: { cores: 1, diskMiB: 1024, memoryMiB: 2048, privileges: [], expectedSeconds: 100 },
  async run(context: ProofContext): Promise<ProofResult> {
    const { sabotage } = context;
    const folder = (name: string): ProofContext => {
      const directory = join(context.directory, name);
      mkdirSync(join(directory, 'data'), { recursive: true });
      return { ...context, directory };
    };
    return inParts([
      ['outage', () => outage(folder('outage'), sabotage === 'drop_event' ? sabotage : null)],
      [
        'disaster',
        () => disaster(folder('disaster'), sabotage === 'restore_older_backup' ? sabotage : null),
      ],
    ]);
  },
};
