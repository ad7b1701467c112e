import { type Random, seededRandom } from './random.ts';

/** How often customers do what, in relation to each other. */
const CUSTOMER_WEIGHTS = {
  read: 36,
  'read-session': 8,
  transfer: 14,
  'held-upload': 5,
  'streamed-upload': 4,
  'bank-stream': 3,
  'session-stream': 2,
  login: 8,
  refresh: 8,
  logout: 5,
  'end-one': 3,
  'end-others': 1,
  'end-all': 1,
} as const;

/** What staff do to customers. */
const STAFF_WEIGHTS = { read: 8, 'kill-session': 6, 'end-all': 2, block: 2 } as const;

const KEY_WEIGHTS = { rotate: 2, retire: 1 } as const;

export type CustomerStepName = keyof typeof CUSTOMER_WEIGHTS;
export type StaffStepName = keyof typeof STAFF_WEIGHTS;

/**
 * One step of an actor. Everything random in it comes from the seed; `choice`, from 0 to below 1, selects among what
 * exists at that moment, such as the sessions of the user.
 */
export interface Step<Name extends string = string> {
  name: Name;
  gateway: number;
  /** The wait before the step. */
  gapMs: number;
  choice: number;
  otherChoice: number;
  /** Whether to use a session that has ended, if there is one. It must be rejected. */
  usesEnded: boolean;
  amountMinor: number;
}

interface Schedule<Name extends string> {
  weights: Readonly<Record<Name, number>>;
  /** The mean wait between two steps. */
  meanGapMs: number;
  gateways: number;
}

/** The endless steps of one actor: the same for the same seed and name, however long each step takes. */
function* stepsOf<Name extends string>(
  random: Random,
  { weights, meanGapMs, gateways }: Schedule<Name>,
): Generator<Step<Name>, never, undefined> {
  for (;;)
    yield {
      name: random.pick(weights),
      gateway: random.below(gateways),
      gapMs: Math.round(2 * meanGapMs * random.next()),
      choice: random.next(),
      otherChoice: random.next(),
      usesEnded: random.next() < 0.25,
      amountMinor: 1 + random.below(500),
    };
}

type Steps<Name extends string> = Generator<Step<Name>, never, undefined>;

export const customerSteps = (seed: number, actor: string, meanGapMs: number): Steps<CustomerStepName> =>
  stepsOf(seededRandom(seed, actor), { weights: CUSTOMER_WEIGHTS, meanGapMs, gateways: 2 });

export const staffSteps = (seed: number, actor: string): Steps<StaffStepName> =>
  stepsOf(seededRandom(seed, actor), { weights: STAFF_WEIGHTS, meanGapMs: 300, gateways: 2 });

/** A clerk reads what only staff may, while a super-admin takes the role away and gives it back. */
export const clerkSteps = (seed: number, actor: string): Steps<'read'> =>
  stepsOf(seededRandom(seed, actor), { weights: { read: 1 }, meanGapMs: 100, gateways: 2 });

export const roleSteps = (seed: number): Steps<'switch'> =>
  stepsOf(seededRandom(seed, 'roles'), { weights: { switch: 1 }, meanGapMs: 700, gateways: 2 });

export const keySteps = (seed: number, meanGapMs: number): Steps<keyof typeof KEY_WEIGHTS> =>
  stepsOf(seededRandom(seed, 'keys'), { weights: KEY_WEIGHTS, meanGapMs, gateways: 1 });

/** When which fault strikes. `name` is one of those of the topology. */
export function* faultSteps(
  seed: number,
  names: readonly string[],
  meanGapMs: number,
): Generator<{ name: string; gapMs: number; lengthMs: number }, never, undefined> {
  const random = seededRandom(seed, 'faults');
  for (;;)
    yield {
      name: names[random.below(names.length)] ?? '',
      gapMs: Math.round(meanGapMs * (0.5 + random.next())),
      lengthMs: 200 + random.below(1800),
    };
}
