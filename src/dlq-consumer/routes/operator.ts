// Who may look at letters and move them: whoever has the token, when one is configured.
import type { FastifyRequest } from 'fastify';
import { createHash, timingSafeEqual } from 'node:crypto';
import { CodedError } from '../../core/errors.ts';
import { plainText } from '../../core/plain-text.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** @throws CodedError UNAUTHENTICATED. Digests are compared: their equal length and the constant time tell nothing about the token */
export const createTokenCheck = (token: string | undefined): ((request: FastifyRequest) => void) => {
  if (token === undefined) return () => undefined;
  const expected = digest(token);
  return ({ headers }) => {
    const [, given] = /^Bearer +([^ ]+)$/i.exec(headers.authorization ?? '') ?? [];
    if (given === undefined || !timingSafeEqual(digest(given), expected)) {
      throw new CodedError('UNAUTHENTICATED', 'This route needs "Authorization: Bearer <token>"', { field: 'authorization' });
    }
  };
};

/** For the log: a name that the operator gave, which nobody checked, and where the request came from, which is known. */
export const operatorOf = ({ headers, ip }: FastifyRequest): string => {
  const name = headers['x-operator'];
  return `${typeof name === 'string' && name !== '' ? plainText(name, 64) : 'unnamed'}@${ip}`;
};
