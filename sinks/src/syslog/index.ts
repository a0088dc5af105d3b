// Syslog over TCP and TLS.
export type { SyslogSinkDependencies, SyslogSinkOptions, SyslogTls } from './options.js';
export { createSyslogSink } from './syslog-sink.js';
