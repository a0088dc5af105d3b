// Events that no parser took, requeued once one does: each once, whatever is killed meanwhile.
import type { Proof, ProofContext } from '../../harness/proof.js';
import type { ProofResult } from '../../harness/report.js';
import { KILL_COUNT, requeues, STOPPED_KILL_COUNT } from './requeues.js';

export const quarantine: Proof = {
  name: 'quarantine',
  summary:
    'every quarantine reason of the taxonomy arises and is counted; after a parser is fixed the ' +
    `events are requeued while ${KILL_COUNT} kill -9 hit the collector and ${STOPPED_KILL_COUNT} the ` +
    'command: each once, under its first identity',
  sabotages: ['requeue_without_read_back'],
  needs: { cores: 1, diskMiB: 1024, memoryMiB: 1536, privileges: [], expectedSeconds: 90 },
  run: (context: ProofContext): Promise<ProofResult> => requeues(context),
};
