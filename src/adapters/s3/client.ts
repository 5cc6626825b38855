// The connection to S3. Credentials and region come by the SDK's own chain: environment, web identity (IRSA), container or instance role.
import { S3Client } from '@aws-sdk/client-s3';

export type S3Options = {
  /** For S3-compatible stores; AWS's own endpoint of the region otherwise. */
  readonly endpoint?: string;
  /** Where the chain knows none. S3-compatible stores take any. */
  readonly region?: string;
  /** `<endpoint>/<bucket>/<key>` instead of `<bucket>.<endpoint>/<key>`. */
  readonly pathStyle?: boolean;
  readonly connectTimeoutMs?: number;
  /** Until the answer begins; how long its body may stay silent is the reader's `idleTimeoutMs`. */
  readonly requestTimeoutMs?: number;
  /** The first try included. Only what S3 says may be tried again is tried again. */
  readonly maxAttempts?: number;
};

/** More than there are requests at once: one that waits for a free connection would use up its own time limit. */
const maxSockets = 256;

export const createS3Client = (options: S3Options = {}): S3Client =>
  new S3Client({
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.region === undefined ? {} : { region: options.region }),
    forcePathStyle: options.pathStyle ?? false,
    retryMode: 'standard',
    maxAttempts: options.maxAttempts ?? 3,
    requestHandler: {
      connectionTimeout: options.connectTimeoutMs ?? 2_000,
      requestTimeout: options.requestTimeoutMs ?? 20_000,
      throwOnRequestTimeout: true,
      // It would also count the time that our side takes to write what it reads.
      socketTimeout: 0,
      httpAgent: { maxSockets },
      httpsAgent: { maxSockets },
    },
  });
