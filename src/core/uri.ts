// RFC 3986 as regular expressions, put together from the rules of its appendix A. No part can match the same text in two ways,
// so a hostile value is judged in time that grows with its length. Only the colons of an IPv6 address are not counted.

const escaped = '%[0-9A-Fa-f]{2}';
/** Unreserved characters and sub-delims. */
const plain = "-A-Za-z0-9._~!$&'()*+,;=";
const character = `(?:[${plain}:@]|${escaped})`;

const userinfo = `(?:[${plain}:]|${escaped})*@`;
const literal = `\\[(?:[0-9A-Fa-f:.]+|[vV][0-9A-Fa-f]+\\.[${plain}:]+)\\]`;
const authority = `(?:${userinfo})?(?:${literal}|(?:[${plain}]|${escaped})*)(?::[0-9]*)?`;
const segments = `(?:/${character}*)*`;
const hierarchy = `(?://${authority}${segments}|/?${character}+${segments}|/|)`;
const query = `(?:\\?(?:${character}|[/?])*)?`;
const fragment = `(?:#(?:${character}|[/?])*)?`;
const scheme = '[A-Za-z][A-Za-z0-9+.-]*:';

const absolute = new RegExp(`^${scheme}${hierarchy}${query}$`);
// Without a scheme the first segment has no colon: it would be read as one.
const reference = new RegExp(`^(?:${scheme}|(?![^/?#]*:))${hierarchy}${query}${fragment}$`);

/** Section 4.3: a scheme and no fragment. */
export const isAbsoluteUri = (value: string): boolean => absolute.test(value);

/** Section 4.1. The empty text is one, too. */
export const isUriReference = (value: string): boolean => reference.test(value);
