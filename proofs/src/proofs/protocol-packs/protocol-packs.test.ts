// Scenario: the proof protocol_packs as a user runs it, honest and with each planted fault.
// Guarantees: it passes, and fails when the packs are off or an event is dropped.
import { testProof } from '../../testing.js';
import { protocolPacks } from './index.js';

testProof(protocolPacks);
