// Scenario: the proof, honest and with its planted fault.
import { testProof } from '../../testing.js';
import { kafkaStress } from './index.js';

testProof(kafkaStress);
