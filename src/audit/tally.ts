import type { AuditEvent } from './event.ts';

/** Entries of other actors or targets are counted together, so that the memory is bounded. */
const MAX_ENTRIES = 10_000;
const MAX_ACCOUNTS = 20;

/** What is counted: the fields that the events have in common, and the words for one of them. */
export interface TalliedEvent {
  event: Pick<AuditEvent, 'action' | 'result' | 'actor' | 'role' | 'subject' | 'address'>;
  /** Who is counted as the actor. */
  by: string;
  what: string;
  account?: string | undefined;
}

interface Entry extends TalliedEvent {
  count: number;
  firstMs: number;
  lastMs: number;
  dueMs: number;
  accounts: Set<string>;
}

/** Counts events of one kind, and makes one record of each kind at the end of its window. */
export class Tally {
  readonly #windowMs: number;
  readonly #entries = new Map<string, Entry>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add({ event, by, what, account }: TalliedEvent, nowMs: number): void {
    const entry = this.#entryFor({ event, by, what }, nowMs);
    entry.count += 1;
    entry.lastMs = nowMs;
    if (entry.event.address !== event.address) entry.event = { ...entry.event, address: undefined };
    if (account !== undefined && entry.accounts.size <= MAX_ACCOUNTS) entry.accounts.add(account);
  }

  #entryFor({ event, by, what }: TalliedEvent, nowMs: number): Entry {
    const { action, result, role } = event;
    const keyOf = (...parts: string[]): string => JSON.stringify([action, result, role, ...parts]);
    const key = keyOf(by, what);
    const existing = this.#entries.get(key);
    if (existing !== undefined) return existing;
    const isFull = this.#entries.size >= MAX_ENTRIES;
    const shared = isFull ? this.#entries.get(keyOf()) : undefined;
    if (shared !== undefined) return shared;
    const times = { firstMs: nowMs, lastMs: nowMs, dueMs: nowMs + this.#windowMs };
    const entry = { event, by, what, count: 0, accounts: new Set<string>(), ...times };
    if (isFull) Object.assign(entry, { event: { action, result, role }, what: 'by several actors' });
    this.#entries.set(isFull ? keyOf() : key, entry);
    return entry;
  }

  /** Removes and returns the summaries whose window has ended. */
  takeDue(nowMs: number): AuditEvent[] {
    const due = [...this.#entries].filter(([, { dueMs }]) => dueMs <= nowMs);
    for (const [key] of due) this.#entries.delete(key);
    return due.map(([, entry]) => summaryOf(entry));
  }
}

function summaryOf({ event, what, count, firstMs, lastMs, accounts }: Entry): AuditEvent {
  const [from, to] = [firstMs, lastMs].map((ms) => new Date(ms).toISOString());
  return { ...event, count, detail: `${count} ${what} between ${from} and ${to}${listOf(accounts)}` };
}

function listOf(accounts: ReadonlySet<string>): string {
  if (accounts.size === 0) return '';
  const shown = [...accounts].slice(0, MAX_ACCOUNTS);
  return `: ${shown.join(' ')}${accounts.size > MAX_ACCOUNTS ? ' and others' : ''}`;
}
