import { z } from 'zod';
import { parseRanges } from '../http/addresses.ts';
import { integerText } from '../http/input.ts';

/** Schemas for the kinds of settings. Messages never repeat the given value, which may be a secret. */

export { integerText as integer };

export const milliseconds = (min: number, max: number, preset: number) =>
  integerText(min, max).default(preset);

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

export const redisUrl = () =>
  z
    .string()
    .refine(
      (value) => /^(unix:\/\/\/|rediss?:\/\/)/.test(value) && URL.canParse(value),
      'must be redis://, rediss:// or unix:///path/to.sock',
    );

/** A list of addresses and CIDR ranges (RFC 4632), separated by commas. */
export const addressRanges = () =>
  z.string().transform((value, context) => {
    const given = value.split(',').map((range) => range.trim());
    const ranges = parseRanges(given.filter((range) => range !== ''));
    if (ranges === undefined) {
      context.addIssue({ code: 'custom', message: 'must be addresses or CIDR ranges separated by commas' });
      return z.NEVER;
    }
    return ranges;
  });

export const host = () => text(/^[A-Za-z0-9.:_-]{1,253}$/, 'a hostname or an address');
export const audience = () => text(/^[\x21-\x7e]{1,256}$/, '1 to 256 visible ASCII characters');
