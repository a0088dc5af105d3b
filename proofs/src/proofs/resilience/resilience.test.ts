// Scenario: the proof, honest and with each of its planted faults.
import { testProof } from '../../testing.js';
import { resilience } from './index.js';

testProof(resilience);
