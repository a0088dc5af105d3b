// Scenario: the proof, honest and with its planted fault.
import { testProof } from '../../testing.js';
import { kafkaIngest } from './index.js';

testProof(kafkaIngest);
