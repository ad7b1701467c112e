import { randomText } from '../random-text.ts';

/** The place of a request in a trace (W3C Trace Context). Ids are lower-case hexadecimal. */
export interface TraceContext {
  /** 32 digits. */
  readonly traceId: string;
  /** 16 digits: the span of this request here. */
  readonly spanId: string;
  /** 16 digits: the span of the request to the upstream, which is the parent of the upstream's own. */
  readonly upstreamSpanId: string;
  /** 16 digits: the caller's span, if the trace was begun by the caller. */
  readonly parentId: string | undefined;
  /** Whether spans of this request are to be recorded, here and by the upstream. */
  readonly isSampled: boolean;
  /** The value of `tracestate`, if it is passed on. */
  readonly state: string | undefined;
}

/** What a `traceparent` says. */
export interface TraceParent {
  traceId: string;
  parentId: string;
  isSampled: boolean;
}

/** Longer values are invalid, whatever a future version may add. */
const TRACEPARENT_MAX_LENGTH = 256;
/** The length of version 00, which has nothing after the flags. */
const TRACEPARENT_LENGTH = 55;

const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-.*)?$/;

/**
 * Reads a `traceparent` (W3C Trace Context, section 3.2). Returns undefined if it is invalid: an unknown format, an id
 * of zeros, capitals, or more than one header, which Node joins.
 */
export function parseTraceParent(value: string | string[] | undefined): TraceParent | undefined {
  if (typeof value !== 'string' || value.length > TRACEPARENT_MAX_LENGTH) return undefined;
  const [, version, traceId, parentId, flags] = TRACEPARENT.exec(value) ?? [];
  if (traceId === undefined || parentId === undefined || flags === undefined) return undefined;
  if (version === '00' && value.length !== TRACEPARENT_LENGTH) return undefined;
  return { traceId, parentId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** A `traceparent` of version 00. */
export const formatTraceParent = (traceId: string, spanId: string, isSampled: boolean): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;

const TRACESTATE_MAX_LENGTH = 512;
const TRACESTATE_MAX_MEMBERS = 32;

const MEMBER =
  /^([a-z\d][a-z\d_*/-]{0,240}(?:@[a-z][a-z\d_*/-]{0,13})?)=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * A `tracestate` that can be passed on (W3C Trace Context, section 3.3), or undefined. One that is too long or has an
 * invalid or repeated member is dropped as a whole, which the standard allows.
 */
export function parseTraceState(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value.join(',') : value;
  if (text === undefined || text.length > TRACESTATE_MAX_LENGTH) return undefined;
  const members = text
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
  const keys = new Set(members.map((member) => MEMBER.exec(member)?.[1]));
  const isValid = !keys.has(undefined) && keys.size === members.length;
  return isValid && members.length > 0 && members.length <= TRACESTATE_MAX_MEMBERS
    ? members.join(',')
    : undefined;
}

/** 32 random hexadecimal digits. */
export const newTraceId = (): string => randomText(16, 'hex');

/** 16 hexadecimal digits, random after the first, which is never 0: an id of zeros is invalid. */
export const newSpanId = (): string => `8${randomText(8, 'hex').slice(1)}`;
