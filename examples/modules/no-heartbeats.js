// A filter of one's own: a function that tells which events to keep. What it does not keep is
// counted under its name, and `weir verify` accounts for it.

/** @param {import('@weir/pipeline').ReadEvent} event */
export default function noHeartbeats(event) {
  return event.get('message') !== 'heartbeat';
}
