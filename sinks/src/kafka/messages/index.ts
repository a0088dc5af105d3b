// What workers make for the topic: nothing here loads the Kafka client.
export { encodeEventMessages } from './encode-event-messages.js';
export { encodeMessages, MESSAGE_BYTES_MAX } from './encode-messages.js';
export { type Message, type MessageHead, messagesOf } from './message-block.js';
export { partitionOf } from './partition.js';
