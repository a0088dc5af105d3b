// Scenario: the proof beside rsyslog and syslog-ng, honest and with its planted fault; only where
//   there is time.
import { testProof } from '../../testing.js';
import { peersSpool } from './index.js';

testProof(peersSpool);
