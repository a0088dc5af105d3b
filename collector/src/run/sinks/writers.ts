// Sinks that write into the systems of others: their settings as options.
import { createElasticsearchSink } from '@weir/sinks/elasticsearch';
import { createS3Sink } from '@weir/sinks/s3';
import { createSplunkSink } from '@weir/sinks/splunk';
import { createSyslogSink } from '@weir/sinks/syslog';
import { splitHostPort } from '../../config/host-port.js';
import type {
  ElasticsearchSinkConfig,
  S3SinkConfig,
  SplunkHecSinkConfig,
  SyslogSinkConfig,
} from '../../config/schema/sinks.js';
import { s3CredentialsOf } from './s3-credentials.js';
import { batchLimits, type Writer, type WriterDependencies, withoutSecrets } from './writer.js';

export function splunkWriter(config: SplunkHecSinkConfig, deps: WriterDependencies): Writer {
  const sink = createSplunkSink(
    {
      url: config.url,
      token: config.token,
      headers: config.headers,
      compression: config.compression,
      timeoutMs: config.timeout_ms,
      tlsCaFile: config.tls_ca_file ?? null,
      acknowledge: config.acknowledge,
      ackPollMs: config.ack_poll_ms,
      ackTimeoutMs: config.ack_timeout_ms,
    },
    deps,
  );
  return {
    sink,
    encoding: 'lines',
    target: withoutSecrets(config.url),
    writesMax: sink.writesInFlightMax,
    limits: batchLimits(config),
  };
}

export function elasticsearchWriter(
  config: ElasticsearchSinkConfig,
  deps: WriterDependencies,
): Writer {
  const sink = createElasticsearchSink(
    {
      url: config.url,
      apiKey: config.api_key ?? null,
      pipeline: config.pipeline ?? null,
      headers: config.headers,
      compression: config.compression,
      timeoutMs: config.timeout_ms,
      tlsCaFile: config.tls_ca_file ?? null,
    },
    deps,
  );
  return {
    sink,
    encoding: 'lines',
    target: withoutSecrets(config.url),
    writesMax: sink.writesInFlightMax,
    limits: batchLimits(config),
  };
}

export function s3Writer(id: string, config: S3SinkConfig, deps: WriterDependencies): Writer {
  const sink = createS3Sink(
    {
      endpoint: config.endpoint,
      bucket: config.bucket,
      region: config.region,
      credentials: s3CredentialsOf(`/sinks/${id}`, config, process.env),
      isPathStyle: config.path_style,
      prefix: config.prefix,
      compression: config.compression,
      storageClass: config.storage_class ?? null,
      serverSideEncryption: config.server_side_encryption ?? null,
      kmsKeyId: config.kms_key_id ?? null,
      timeoutMs: config.timeout_ms,
      tlsCaFile: config.tls_ca_file ?? null,
    },
    deps,
  );
  return {
    sink,
    encoding: 'lines',
    target: `${withoutSecrets(config.endpoint)}${config.bucket}`,
    writesMax: sink.writesInFlightMax,
    limits: batchLimits(config),
  };
}

export function syslogWriter(
  config: SyslogSinkConfig,
  deps: Pick<WriterDependencies, 'timers'>,
): Writer {
  const { address, tls, tls_ca_file, tls_certificate_file, tls_key_file } = config;
  const sink = createSyslogSink(
    {
      ...splitHostPort(address),
      tls: tls
        ? {
            caFile: tls_ca_file ?? null,
            certificateFile: tls_certificate_file ?? null,
            keyFile: tls_key_file ?? null,
          }
        : null,
      timeoutMs: config.timeout_ms,
    },
    deps,
  );
  return {
    sink,
    // With octets counted a message may have line feeds: blocks are not cut at them.
    encoding: 'frames',
    target: address,
    limits: { lingerMs: config.linger_ms, retryDelayMsMax: config.retry_max_delay_ms },
  };
}
