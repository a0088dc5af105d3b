#!/bin/sh
# Runs the proof that the name of the link stands for, such as ledger_gap_proof.sh.
set -eu
name=$(basename "$0" .sh)
name=${name%_proof}
case "$name" in
  ledger_gap) name=ledger ;;
  agent_resilience_test) name=resilience ;;
  agent_offline_spool) name=agent_spool ;;
  protocol_packs_smoke) name=protocol_packs ;;
  kafka_consume) name=kafka_ingest ;;
  run-proof)
    echo "run-proof.sh: call it by one of its links, or use: npm run proof -- NAME" >&2
    exit 2
    ;;
esac
cd "$(dirname "$0")/.."
exec node proofs/dist/main.js "$name" "$@"
