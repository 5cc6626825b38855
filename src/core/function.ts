// Who a function is, and every name that is derived from it. What makes a name unique stands first, so that cutting never removes it.
import { hash } from 'node:crypto';
import { remembered } from './remembered.ts';

/** Tenant and function ids on the wire. Whatever else arrives is refused before it reaches a file, a label or a URL. */
export const idPattern = '^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$';
const id = new RegExp(idPattern);

export const isId = (value: string): boolean => id.test(value);

export type FunctionRef = { readonly tenant: string; readonly function: string };

export const sourcePrefix = 'network.notifi.';

/** The `source` attribute of events about a tenant's functions; the function is their `subject`. */
export const eventSourceOf = (ref: FunctionRef): string => `${sourcePrefix}${ref.tenant}`;

/** The tenant that an event source names, if it is of the form `network.notifi.<id>`. */
export const tenantOfSource = (source: string): string | undefined => {
  if (!source.startsWith(sourcePrefix)) return undefined;
  const tenant = source.slice(sourcePrefix.length);
  return isId(tenant) ? tenant : undefined;
};

export const slug = (value: string): string =>
  value
    .toLowerCase()
    .replaceAll('_', '-')
    .replace(/[^a-z0-9-]/g, '')
    .replace(/^-+|-+$/g, '');

type Names = { digits: string; service: string };

/** 10 characters of [0-9a-v]: base32hex of RFC 4648, section 7, in lower case. */
const digitsOf = (tenant: string, name: string): string => {
  const digest = hash('sha256', `${tenant}\0${name}`);
  // 13 hex digits are 52 bits, which a number holds exactly; the last two are dropped.
  return Math.floor(parseInt(digest.slice(0, 13), 16) / 4)
    .toString(32)
    .padStart(10, '0');
};

const namesOf = remembered(10_000, (tenant = '', name = ''): Names => {
  const digits = digitsOf(tenant, name);
  const readable = slug(name).slice(0, 40).replace(/-+$/, '');
  return { digits, service: readable === '' ? `fn-${digits}` : `fn-${digits}-${readable}` };
});

/** 50 bits that stand for the function in every name. */
export const fn10 = (ref: FunctionRef): string => namesOf(ref.tenant, ref.function).digits;

/** Name of the service, the trigger and the service account: at most 54 characters, a DNS label. */
export const serviceName = (ref: FunctionRef): string => namesOf(ref.tenant, ref.function).service;

export const imageName = (registry: string, repository: string, ref: FunctionRef, buildKey: string): string =>
  `${registry}/${repository}:${fn10(ref)}-${buildKey.slice(0, 12)}`;

/** Where the function's events wait for it in the temp bucket. */
export const pendingPrefix = (ref: FunctionRef): string => `pending/${fn10(ref)}/`;

/** Equal source and id is the same event (CloudEvents 1.0.2, attribute id), so it waits once. */
export const pendingKey = (ref: FunctionRef, event: { source: string; id: string }): string =>
  `${pendingPrefix(ref)}${hash('sha256', `${event.source}\0${event.id}`).slice(0, 32)}.json`;

export const defaultSourceKey = (ref: FunctionRef): string => `global/parser/${ref.function}`;

/** At most 63 characters of [a-z0-9-], as a Kubernetes label value; the exact value stands in an annotation. */
export const labelValue = (value: string): string => slug(value).slice(0, 63).replace(/-+$/, '');
