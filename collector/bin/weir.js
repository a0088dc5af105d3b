#!/usr/bin/env -S node --single-threaded-gc --initial-old-space-size=256 --max-semi-space-size=4
// One thread collects garbage: on few cores the helpers of V8 cost more than they save. The sizes
// tell V8 to expect memory that only moves (docs/adr/0013-memory-is-used-again.md).
import '../dist/cli/main.js';
