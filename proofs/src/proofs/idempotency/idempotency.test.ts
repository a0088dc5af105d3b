// Scenario: the proof, honest and with its planted fault.
import { testProof } from '../../testing.js';
import { idempotency } from './index.js';

testProof(idempotency);
