// Scenario: the proof, honest and with its planted fault.
import { testProof } from '../../testing.js';
import { quarantine } from './index.js';

testProof(quarantine);
