#!/usr/bin/env -S node --single-threaded-gc --initial-old-space-size=256 --max-semi-space-size=4
import '../dist/cli/main.js';
