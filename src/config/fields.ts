import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { parseRanges } from '../http/addresses.ts';
import { integerText } from '../http/input.ts';

/** Schemas for the kinds of settings. Messages never repeat the given value, which may be a secret. */

export { integerText as integer };

export const milliseconds = (min: number, max: number, preset: number) =>
  integerText(min, max).default(preset);

/** A decimal number from 0 to 1. */
export const fraction = () => text(/^(?:0|1|1\.0+|0?\.\d{1,9})$/, 'a number from 0 to 1').transform(Number);

/** A number of processes, or `auto` for one on each core that this process may use. */
export const processCount = (max: number) =>
  text(/^(?:auto|[1-9]\d{0,3})$/, `auto or a number from 1 to ${max}`)
    .transform((value) => (value === 'auto' ? Math.min(availableParallelism(), max) : Number(value)))
    .refine((count) => count <= max, `must be auto or a number from 1 to ${max}`);

export const oneOf = <const Values extends readonly [string, ...string[]]>(...values: Values) =>
  z.enum(values, `must be ${values.slice(0, -1).join(', ')} or ${values.at(-1)}`);

export const text = (pattern: RegExp, expected: string) => z.string().regex(pattern, `must be ${expected}`);

export const httpOrigin = () =>
  z.string().refine((value) => {
    const url = URL.parse(value);
    return url !== null && /^https?:$/.test(url.protocol) && url.origin === value.replace(/\/$/, '');
  }, 'must be an http:// or https:// origin without a path, such as http://127.0.0.1:8081');

export const issuerUrl = () =>
  z.string().refine((value) => {
    const url = URL.parse(value);
    return (
      url !== null &&
      /^https?:$/.test(url.protocol) &&
      !/[?#]|\/$/.test(value) &&
      url.username + url.password === ''
    );
  }, 'must be an http:// or https:// URL without a query, a fragment or a trailing slash');

/** A list of URLs as for `issuerUrl`, separated by commas. */
export const publicUrls = () =>
  listOf(issuerUrl(), 'must be http:// or https:// URLs without a query, a fragment or a trailing slash');

export const redisUrl = () =>
  z
    .string()
    .refine(
      (value) => /^(unix:\/\/\/|rediss?:\/\/)/.test(value) && URL.canParse(value),
      'must be redis://, rediss:// or unix:///path/to.sock',
    );

const partsOf = (list: string): string[] =>
  list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** A list of values of one kind, separated by commas. */
export const listOf = <Value>(kind: z.ZodType<Value, string>, message: string) =>
  z.string().transform((value, context) => {
    const parsed = z.array(kind).safeParse(partsOf(value));
    if (parsed.success) return parsed.data;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

/** A list of addresses and CIDR ranges (RFC 4632), separated by commas. */
export const addressRanges = () =>
  z.string().transform((value, context) => {
    const ranges = parseRanges(partsOf(value));
    if (ranges === undefined) {
      context.addIssue({ code: 'custom', message: 'must be addresses or CIDR ranges separated by commas' });
      return z.NEVER;
    }
    return ranges;
  });

const HOST_AND_PORT = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):(\d{1,5})$/;

const isHostAndPort = (value: string): boolean => {
  const port = Number(HOST_AND_PORT.exec(value)?.[1]);
  return port >= 1 && port <= 65_535;
};

/** A list of different servers as `host:port`, separated by commas. An IPv6 address is in brackets (RFC 3986). */
export const serverAddresses = () =>
  z.string().transform((value, context) => {
    const given = partsOf(value).map((part) => part.toLowerCase());
    if (given.length > 0 && given.every(isHostAndPort) && new Set(given).size === given.length) return given;
    const message = 'must be different addresses, each host:port, separated by commas';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

/** A list of origins, separated by commas. */
export const origins = () =>
  z.string().transform((value, context) => {
    const given = partsOf(value);
    if (given.every((origin) => httpOrigin().safeParse(origin).success))
      return given.map((one) => new URL(one).origin);
    context.addIssue({ code: 'custom', message: 'must be http:// or https:// origins separated by commas' });
    return z.NEVER;
  });

/**
 * Headers that say who the sender is, where it is, or which other method, host or path it means, and headers for one
 * hop only. A client must not be able to send them through the gateway.
 */
const NEVER_FORWARDED =
  /^(?:authorization|client-.*|connection|cookie2?|dpop|early-data|expect|forwarded|host|keep-alive|proxy.*|remote-.*|ssl-.*|te|trailer|transfer-encoding|true-client-.*|upgrade|via|x-(?:auth|client|forwarded|http-method|method-override|original|real|remote|request-id|rewrite|ssl|true-client).*)$/;

/**
 * A list of header names, separated by commas, in lower case. Only letters, digits and `-` are allowed: many services
 * replace other punctuation with `_` or `-`, and would read `X_Forwarded_For` as the gateway's header.
 */
export const forwardableHeaders = () =>
  z.string().transform((value, context) => {
    const names = partsOf(value).map((name) => name.toLowerCase());
    if (names.every((name) => /^[a-z0-9-]+$/.test(name) && !NEVER_FORWARDED.test(name))) return names;
    const message =
      'must be header names separated by commas, none of which is for one hop or states an identity, an address, a method or a path';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

/** A list of hostnames, separated by commas. */
export const hosts = () =>
  text(/^[A-Za-z0-9.-]{1,253}( *, *[A-Za-z0-9.-]{1,253})*$/, 'hostnames separated by commas').transform(
    (value) => value.split(',').map((name) => name.trim().toLowerCase()),
  );

export const host = () => text(/^[A-Za-z0-9.:_-]{1,253}$/, 'a hostname or an address');
export const audience = () => text(/^[\x21-\x7e]{1,256}$/, '1 to 256 visible ASCII characters');
