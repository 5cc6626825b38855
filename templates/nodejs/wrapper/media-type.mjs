// What a content type says about bytes: JSON, text, or neither. Only UTF-8 is decoded; text in another charset stays bytes.

import { isMediaType } from './attributes.mjs';

const cache = new Map();

function classify(contentType) {
  const [essence = '', ...parameters] = contentType.toLowerCase().split(';');
  const name = essence.trim();
  const charset = parameters
    .map((parameter) => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(parameter)?.[1])
    .find((found) => found !== undefined);
  const utf8 = charset === undefined || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii';
  const json = /^(application|text)\/json$|^[^/]+\/[^/]+\+json$/.test(name);
  const text = /^text\/|^application\/xml$|\+xml$/.test(name);
  return { name, utf8, valid: isMediaType(contentType), kind: !utf8 ? 'bytes' : json ? 'json' : text ? 'text' : 'bytes' };
}

/** @returns {{ name: string, utf8: boolean, valid: boolean, kind: 'json' | 'text' | 'bytes' }} */
export function readMediaType(contentType) {
  const known = cache.get(contentType);
  if (known !== undefined) return known;
  const type = classify(contentType);
  // A sender chooses the content type; only short ones, and only so many, are remembered.
  if (cache.size < 64 && contentType.length < 128) cache.set(contentType, type);
  return type;
}
