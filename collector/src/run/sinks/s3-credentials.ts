// Credentials for an S3-compatible store.
import { WeirError } from '@weir/pipeline';
import type { S3Credentials } from '@weir/sinks/s3';

/**
 * Of the configuration, else of the environment, as tools of AWS have it; never half of each. `who`
 * needs them. Throws WEIR_CONFIG_INVALID.
 */
export function s3CredentialsOf(
  who: string,
  given: { readonly access_key_id?: string; readonly secret_access_key?: string },
  env: NodeJS.ProcessEnv,
): S3Credentials {
  const { access_key_id, secret_access_key } = given;
  if (access_key_id !== undefined && secret_access_key !== undefined)
    return { accessKeyId: access_key_id, secretAccessKey: secret_access_key };
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = env;
  const isHalf = access_key_id !== undefined || secret_access_key !== undefined;
  if (isHalf || !AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY)
    throw new WeirError(
      'WEIR_CONFIG_INVALID',
      `${who}: set access_key_id and secret_access_key, or AWS_ACCESS_KEY_ID and ` +
        'AWS_SECRET_ACCESS_KEY in the environment',
    );
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}),
  };
}
