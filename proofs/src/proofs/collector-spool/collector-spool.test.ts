// Scenario: the proof, honest and with each of its planted faults.
import { testProof } from '../../testing.js';
import { collectorSpool } from './index.js';

testProof(collectorSpool);
