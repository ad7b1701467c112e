import { z } from 'zod';
import { parseRanges } from '../http/addresses.ts';

/** The kinds of settings, each with what it wants. Messages never repeat what was given: it may be a secret. */

export const integer = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, { error: `wants a whole number from ${least} to ${most}`, abort: true })
    .transform(Number)
    .refine((value) => value >= least && value <= most, `wants a whole number from ${least} to ${most}`);

export const text = (pattern: RegExp, wants: string) => z.string().regex(pattern, `wants ${wants}`);

export const httpOrigin = () =>
  z.string().refine((value) => {
    const url = URL.parse(value);
    return url !== null && /^https?:$/.test(url.protocol) && url.origin === value.replace(/\/$/, '');
  }, 'wants an http:// or https:// origin without a path, such as http://127.0.0.1:8081');

export const issuerUrl = () =>
  z.string().refine((value) => {
    const url = URL.parse(value);
    return (
      url !== null &&
      /^https?:$/.test(url.protocol) &&
      !/[?#]|\/$/.test(value) &&
      url.username + url.password === ''
    );
  }, 'wants an http:// or https:// URL without a query, a fragment or a slash at its end');

export const redisUrl = () =>
  z
    .string()
    .refine(
      (value) => /^(unix:\/\/\/|rediss?:\/\/)/.test(value) && URL.canParse(value),
      'wants redis://, rediss:// or unix:///path/to.sock',
    );

/** A list of addresses and CIDR ranges (RFC 4632), divided by commas. */
export const addressRanges = () =>
  z.string().transform((value, context) => {
    const given = value.split(',').map((range) => range.trim());
    const ranges = parseRanges(given.filter((range) => range !== ''));
    if (ranges === undefined) {
      context.addIssue({ code: 'custom', message: 'wants addresses or CIDR ranges divided by commas' });
      return z.NEVER;
    }
    return ranges;
  });

export const host = () => text(/^[A-Za-z0-9.:_-]{1,253}$/, 'a host name or an address');
export const audience = () => text(/^[\x21-\x7e]{1,256}$/, '1 to 256 visible ASCII characters');
export const milliseconds = (least: number, most: number, preset: number) =>
  integer(least, most).default(preset);
