// The spool between a busy sender and a store that is away: killed in one part, cut off by the
// network in the other.
import type { Proof, ProofContext } from '../../harness/proof.js';
import { inParts, type ProofResult } from '../../harness/report.js';
import { CUT_EVENT_COUNT, networkCuts } from './network-cuts.js';
import { KILL_COUNT, storeKills } from './store-kills.js';

export const collectorSpool: Proof = {
  name: 'collector_spool',
  summary:
    `${CUT_EVENT_COUNT} TCP events twice: the store is killed ${KILL_COUNT} times, then the way to ` +
    'a server is cut in five manners; 0 lost, 0 twice',
  sabotages: ['drop_event'],
  needs: { cores: 1, diskMiB: 1024, memoryMiB: 1536, privileges: [], expectedSeconds: 50 },
  run: (context: ProofContext): Promise<ProofResult> =>
    inParts([
      ['', () => storeKills(context)],
      ['cut', () => networkCuts(context)],
    ]),
};
