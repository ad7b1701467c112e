import type { Leg } from '../ledger/post.ts';

/** Amounts are below 300.00. */
const AMOUNT_UNDER_MINOR = 30_000;

interface Vendor {
  name: string;
  type: string;
  /** The description of a payment to it. */
  purchase: string;
}

/** The counterparties of demo transactions. All of them are made up. */
export const VENDORS: readonly Vendor[] = [
  { name: 'Larkfield Market', type: 'groceries', purchase: 'Weekly shop' },
  { name: 'Millstone Bakery', type: 'groceries', purchase: 'Bread and rolls' },
  { name: 'Saffron Lane', type: 'restaurant', purchase: 'Dinner for two' },
  { name: 'Copper Kettle Coffee', type: 'restaurant', purchase: 'Coffee to go' },
  { name: 'Northway Rail', type: 'travel', purchase: 'Return ticket' },
  { name: 'Halcyon Stays', type: 'travel', purchase: 'Hotel room' },
  { name: 'Ember Fuel', type: 'transport', purchase: 'Fill-up' },
  { name: 'Quickspoke Cycles', type: 'sport', purchase: 'Bicycle parts' },
  { name: 'Harbour Pharmacy', type: 'health', purchase: 'Prescription' },
  { name: 'Gridline Energy', type: 'utilities', purchase: 'Electricity' },
  { name: 'Mossgate Telecom', type: 'utilities', purchase: 'Mobile plan' },
  { name: 'Bluebird Books', type: 'books', purchase: 'Two paperbacks' },
  { name: 'Paperboat Cinema', type: 'entertainment', purchase: 'Evening show' },
  { name: 'Threadneedle & Daughters', type: 'clothing', purchase: 'Winter coat' },
  { name: 'Juniper Electronics', type: 'electronics', purchase: 'Headphones' },
  { name: 'Fernhill Garden Centre', type: 'garden', purchase: 'Seeds and soil' },
];

/** A debit or a credit with a random vendor and amount. It depends on nothing but `random`. */
export function randomLeg(accountId: string, random: () => number): Leg {
  const vendor = VENDORS[Math.floor(random() * VENDORS.length)] ?? VENDORS[0];
  if (vendor === undefined) throw new Error('there are no vendors');
  const direction = random() < 0.5 ? 'debit' : 'credit';
  const amountMinor = 1 + Math.floor(random() * (AMOUNT_UNDER_MINOR - 1));
  const { name: counterparty, type, purchase } = vendor;
  const description = direction === 'debit' ? purchase : `Refund: ${purchase}`;
  return { accountId, direction, amountMinor, type, counterparty, description };
}

/**
 * A pseudo-random generator of numbers from 0 (inclusive) to 1 (exclusive): mulberry32, seeded with a mix of `seeds`.
 * Predictable, so for demo data only.
 */
export function repeatableRandom(...seeds: readonly number[]): () => number {
  let state = seeds.reduce((mixed, seed) => mix(Math.imul(mixed, 31) + seed), 0x9e3779b9);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    return mulberry(state) / 2 ** 32;
  };
}

/** The finalizer of MurmurHash3: each bit of the input changes about half of the bits of the output. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function mulberry(state: number): number {
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return (t ^ (t >>> 14)) >>> 0;
}
