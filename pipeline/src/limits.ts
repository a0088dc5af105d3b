// Every queue, pool, batch and length has its maximum here. Related limits are asserted at load.
import { assert } from './errors.js';

const KiB = 1024;
const MiB = 1024 * KiB;

export const LIMITS = {
  /** Events in one batch, and so in one frame. */
  batchEventCountMax: 512,
  /** Bytes after which a batch is closed; one event may exceed it alone. */
  batchBytesTarget: 150 * KiB,
  /** Longest time an event waits for its batch to fill; half of it on average. */
  batchLingerMs: 12,
  /** Default longest syslog message; the rest of a longer one is cut off and counted. */
  syslogMessageBytesMax: 64 * KiB,
  /** Default longest item in an HTTP body. */
  httpItemBytesMax: 1 * MiB,
  /** Largest HTTP body after decompression; beyond it 413. */
  httpBodyBytesMax: 16 * MiB,
  /** Largest HTTP body as sent. */
  httpBodyCompressedBytesMax: 16 * MiB,
  /** HTTP bodies that are complete and not yet admitted; beyond it 429. */
  httpRequestsInFlightMax: 16,
  /** HTTP bodies of a listener as sent that are in memory, complete or not; beyond it 503. */
  httpBodiesBytesMax: 64 * MiB,
  /** Of one peer address; beyond it 429. */
  httpPeerBodiesBytesMax: 32 * MiB,
  /** HTTP bodies of one peer address at once; a quarter of the connections. Beyond it 429. */
  httpPeerBodiesMax: 2_500,
  /** Decompressed HTTP bodies of a listener; more wait. Two of the largest at once. */
  httpDecodedBytesMax: 32 * MiB,
  /** Longest time a complete HTTP body waits to be decompressed; beyond it 503. */
  httpDecodeWaitMs: 5_000,
  /** Longest time a request of which a part was admitted waits for a full spool; beyond it 503. */
  httpFullWaitMs: 5_000,
  /** Frames in one zstd body, skippable ones included; beyond it 413. */
  zstdFramesPerBodyMax: 1_024,
  /** Events in one HTTP request. */
  httpItemCountMax: 100_000,
  jsonDepthMax: 64,
  /** Digits of an octet count (RFC 6587 3.4.1): more is framing_invalid. */
  octetCountDigitsMax: 7,
  tcpConnectionsMax: 10_000,
  /** A connection with half a message and no byte for this long is closed. */
  tcpPartialMessageIdleMs: 60_000,
  /** Memory of a listener for messages that have begun and not ended. */
  tcpPartialBytesMax: 64 * MiB,
  /** Characters of the header lines of a source; rows behind longer ones have no context. */
  sourceContextLengthMax: 32 * KiB,
  /** Header lines of all connections of a listener; the one that goes too far is closed. */
  sourceContextsLengthMax: 32 * MiB,
  /** Contexts of the runs of one batch, as many bytes as they may need; beyond it it is closed. */
  batchContextBytesMax: 256 * KiB,
  udpReceiveBufferBytes: 8 * MiB,
  /** Sources counted apart per stream and epoch; the rest are `other`. */
  sourcesPerStreamMax: 65_536,
  /** Bytes admitted to a stream and not yet durable; above it the inputs of the stream stop. */
  admissionPendingBytesMax: 4 * MiB,
  /** Default rate at which ended segments are read again for damage. */
  spoolScrubBytesPerSecond: 2 * MiB,
  /** Frames queued for one group commit. */
  spoolQueueBytesMax: 16 * MiB,
  /** Longest time that events wait for others to be written with, the wait above included. */
  spoolCommitIntervalMs: 12,
  /** Encoded bytes that are committed without waiting for more, and bytes before compression. */
  spoolCommitBytes: 256 * KiB,
  spoolCommitRawBytes: 1 * MiB,
  spoolSegmentBytes: 64 * MiB,
  /** Default size of the whole spool on disk; beyond it appends wait. */
  spoolBytesMax: 4096 * MiB,
  frameStoredBytesMax: 8 * MiB,
  frameRawBytesMax: 64 * MiB,
  /** Frame metadata: runs, contexts, request parts, dispositions. */
  frameMetaBytesMax: 1 * MiB,
  /** Recent frames kept in memory for consumers that keep up. */
  spoolCacheBytesMax: 16 * MiB,
  spoolConsumersMax: 16,
  /** Longest time that a durable frame waits for a signed checkpoint, and most frames that do. */
  checkpointIntervalMs: 1_000,
  checkpointFramesMax: 4_096,
  /** Hashed frames in memory while no checkpoint can be written; beyond it the tree is given up. */
  checkpointPendingFramesMax: 65_536,
  idempotencyKeyBytesMax: 255,
  idempotencyWindowMs: 3_600_000,
  idempotencyKeysMax: 262_144,
  /** Batches given to workers and not yet taken by the sink. */
  poolBatchesInFlightMax: 64,
  poolBytesInFlightMax: 32 * MiB,
  /** Memory of delivered rows of a sink that waits to be used again. */
  spareBuffersBytesMax: 16 * MiB,
  /** Longest time that a worker may take for one batch; then it is ended and replaced. */
  workerBatchTimeoutMs: 5_000,
  /** Of a part of a batch while the bad row is looked for. */
  workerPieceTimeoutMs: 1_000,
  /** A pool in which nothing begins and nothing ends for so long is replaced. */
  workerStallMs: 30_000,
  /** A batch whose worker was ended because of another batch goes to a worker again so often. */
  workerBystanderRetriesMax: 64,
  /** Worker time that may be lost to the failures of one batch; then its rest is put aside. */
  isolationLostMsMax: 30_000,
  /** Batches with a bad row in a minute; above it the times below hold for the sink. */
  isolationsPerMinuteMax: 10,
  stormBatchTimeoutMs: 1_000,
  stormPieceTimeoutMs: 250,
  stormLostMsMax: 5_000,
  /** Unused memory of batches, and of copies of them, that waits for the next ones. */
  batchMemoryFreeBytesMax: 16 * MiB,
  /** Unused memory of frames that waits for the next ones. */
  frameMemoryFreeBytesMax: 4 * MiB,
  loaderRowsMax: 100_000,
  loaderBytesMax: 32 * MiB,
  loaderLingerMs: 300,
  loaderRetryDelayMsMax: 30_000,
  /** Failures of ClickHouse in a row after which nothing is sent to it but a ping. */
  breakerFailuresMax: 3,
  /** A statement that got no reply for so long has the store pinged; silence does the same. */
  breakerSilenceMs: 10_000,
  /** A ping that is not answered by then has failed. */
  breakerProbeMs: 5_000,
  drainDeliveryMs: 10_000,
  unmappedPairsPerEventMax: 1_024,
  /** Characters of text that the components of a pipeline set in one event, all together. */
  derivedTextPerEventMax: 4 * MiB,
  /** Default largest table of a transform in memory, and longest file of one. */
  tableBytesMax: 512 * MiB,
  /** The same, as configured: what can be read as one text ends here. */
  tableBytesCeiling: 512 * MiB,
  /** Rows of one table: the number of a row shares a word with a part of its hash. */
  tableRowsMax: 8_000_000,
  tableCellCharactersMax: 4_096,
  tableColumnsMax: 64,
  /** Default time between two looks at a table's file. */
  tableCheckIntervalMs: 5_000,
  /** Longest time that the first batches of a sink wait for tables to be read. */
  tableFirstReadMs: 60_000,
  /** Places of an MMDB file that a worker keeps decoded. */
  geoipPlacesMax: 16_384,
  /** Keyed hashes that a worker keeps. */
  hashedValuesMax: 16_384,
  /** Frames in one body of forwarded frames. */
  wireFramesMax: 1_024,
  /** Forwarded frames of a listener that are decoded and not yet durable; beyond it 503. */
  forwardedPendingBytesMax: 96 * MiB,
  /** Streams and epochs of other nodes that a spool keeps numbers of; beyond it 503. */
  forwardedStreamsMax: 65_536,
  /** Holes between the numbers that came of one stream and epoch; beyond it 422. */
  forwardedHolesPerStreamMax: 1_024,
  /** Retention classes that forwarded frames may bring: each is a partition a day. */
  forwardedRetentionClassesMax: 64,
  /** Live taps at once; beyond it 429. */
  tapsMax: 16,
  /** Lines of a tap that its reader has not taken yet; beyond it they are dropped for the tap. */
  tapBufferBytesMax: 1 * MiB,
  /** Events/s that a tap shows unless told otherwise. */
  tapRateDefault: 100,
  tapRateMax: 100_000,
  /** Sources of all streams whose silence is noticed. */
  watchedSourcesMax: 16_384,
} as const;

assert(LIMITS.httpItemBytesMax < LIMITS.frameRawBytesMax, 'any item fits into a frame');
assert(
  LIMITS.syslogMessageBytesMax < LIMITS.admissionPendingBytesMax,
  'any message can be admitted',
);
assert(
  LIMITS.httpBodyBytesMax <= LIMITS.httpPeerBodiesBytesMax &&
    LIMITS.httpBodyCompressedBytesMax <= LIMITS.httpPeerBodiesBytesMax &&
    LIMITS.httpPeerBodiesBytesMax <= LIMITS.httpBodiesBytesMax,
  'any body may come while no other does',
);
assert(LIMITS.httpBodyBytesMax <= LIMITS.httpDecodedBytesMax, 'any body can be decompressed');
assert(
  LIMITS.batchContextBytesMax + 3 * LIMITS.sourceContextLengthMax < LIMITS.frameMetaBytesMax / 2,
  'the contexts of any batch fit into the metadata of a frame',
);
assert(LIMITS.batchEventCountMax < 65_536, 'an event index fits into 16 bits');
assert(
  10 ** LIMITS.octetCountDigitsMax > LIMITS.syslogMessageBytesMax,
  'octet counts reach the limit',
);
assert(
  LIMITS.stormPieceTimeoutMs <= LIMITS.stormBatchTimeoutMs &&
    LIMITS.stormBatchTimeoutMs <= LIMITS.workerBatchTimeoutMs &&
    LIMITS.workerPieceTimeoutMs <= LIMITS.workerBatchTimeoutMs &&
    LIMITS.workerBatchTimeoutMs < LIMITS.workerStallMs,
  'what is quicker by its name is quicker',
);
