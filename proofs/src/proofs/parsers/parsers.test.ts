// Scenario: the gate `parsers` as a user runs it, honest and with its packs off.
// Guarantees: every pack gives normalised fields, and the gate fails where packs do not.
import { testProof } from '../../testing.js';
import { parsers } from './index.js';

testProof(parsers);
