// Every acknowledged event once, whatever is killed or cut off meanwhile.
import type { Proof, ProofContext } from '../../harness/proof.js';
import { inParts, type ProofResult } from '../../harness/report.js';
import { cutAndRestore } from './cut-and-restore.js';
import { KILL_COUNT, kills } from './kills.js';

export const ledger: Proof = {
  name: 'ledger',
  summary:
    `kill -9 of the whole tree ${KILL_COUNT} times under HTTP senders that retry, then the way to ` +
    'a server cut and restored: every acknowledged event once, zero gaps',
  sabotages: ['ack_before_fdatasync', 'drop_event'],
  needs: { cores: 1, diskMiB: 2048, memoryMiB: 1536, privileges: [], expectedSeconds: 70 },
  run: (context: ProofContext): Promise<ProofResult> =>
    inParts([
      ['', () => kills(context)],
      ['cut', () => cutAndRestore(context)],
    ]),
};
