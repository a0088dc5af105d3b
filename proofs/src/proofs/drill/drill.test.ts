// Scenario: the proof, honest and with each of its planted faults.
import { testProof } from '../../testing.js';
import { drill } from './index.js';

testProof(drill);
