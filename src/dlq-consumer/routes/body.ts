// A JSON body, held to its schema. The server reads bytes; only these routes know that they are JSON.
import type { FastifyRequest } from 'fastify';
import type { Static, TObject } from 'typebox';
import { Compile } from 'typebox/compile';
import { CodedError } from '../../core/errors.ts';
import { parseJson } from '../../core/event-data.ts';

/** An empty body is an empty object. @throws CodedError INVALID_JSON, INVALID_QUERY naming the member */
export const createBodyReader = <T extends TObject>(schema: T): ((request: FastifyRequest) => Static<T>) => {
  const validator = Compile(schema);
  return ({ body }) => {
    const value: unknown = Buffer.isBuffer(body) && body.length > 0 ? parseJson(body, 'body') : {};
    if (validator.Check(value)) return value;
    const [problem] = validator.Errors(value);
    const field = `body${(problem?.instancePath ?? '').replaceAll('/', '.')}`;
    throw new CodedError('INVALID_QUERY', `${field} ${problem?.message ?? 'breaks a rule'}`, { field });
  };
};
