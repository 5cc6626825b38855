// What S3 says, in the words of the platform. What the platform's own operator has to mend (credentials, a bucket that is not there) is
// never the sender's fault: it is "not now", so that no event is refused for good because of it.
import { CodedError } from '../../core/errors.ts';

type Answer = { name?: string; $metadata?: { httpStatusCode?: number }; $retryable?: { throttling?: boolean } };

const busy = new Set([
  'SlowDown',
  'ServiceUnavailable',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'RequestLimitExceeded',
]);
const ourCredentials = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'RequestTimeTooSkewed',
  'ExpiredToken',
  'InvalidToken',
  'AccountProblem',
]);

export const statusOf = (thrown: unknown): number | undefined => (thrown as Answer).$metadata?.httpStatusCode;
export const nameOf = (thrown: unknown): string => (thrown as Answer).name ?? '';

const named = (key: string): string => `"${key.slice(0, 200)}"`;

export const missing = (key: string): CodedError =>
  new CodedError('SOURCE_NOT_FOUND', `There is no object ${named(key)} in the store`, { field: 's3_key' });

/** No such object: a bucket that is not there answers 404 too, but that can be mended. A longer key than S3 knows is none either. */
export const isMissing = (thrown: unknown): boolean =>
  nameOf(thrown) === 'KeyTooLongError' || (statusOf(thrown) === 404 && nameOf(thrown) !== 'NoSuchBucket');

const unavailable = (thrown: unknown): CodedError =>
  thrown instanceof CodedError
    ? thrown
    : busy.has(nameOf(thrown)) || statusOf(thrown) === 429 || statusOf(thrown) === 503
      ? new CodedError('STORAGE_BUSY', 'The object store takes no more requests right now', {
          retryAfterSeconds: 5,
          cause: thrown,
        })
      : new CodedError('SOURCE_UNAVAILABLE', 'The object store does not answer', { cause: thrown });

/** For reading and listing: the sender chose the key. */
export const readError = (thrown: unknown, key: string): CodedError => {
  if (thrown instanceof CodedError) return thrown;
  if (isMissing(thrown)) return missing(key);
  if (statusOf(thrown) === 403 && !ourCredentials.has(nameOf(thrown))) {
    return new CodedError('SOURCE_ACCESS_DENIED', `The store refuses access to ${named(key)}`, {
      field: 's3_key',
      cause: thrown,
    });
  }
  return unavailable(thrown);
};

/** For writing and removing: the platform chose the key, so whatever is wrong is no fault of the sender. */
export const writeError = unavailable;
