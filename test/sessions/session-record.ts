import type { SessionRecord } from '../../src/redis/session-record.ts';

const LOGIN_MS = 1_795_300_000_123;

/** A session that has been refreshed once, unless the changes say otherwise. */
export const sessionRecord = (changes: Partial<SessionRecord> = {}): SessionRecord => ({
  generation: 0,
  refreshCount: 1,
  createdMs: LOGIN_MS,
  endsAt: 1_795_343_200,
  lastSeenMs: LOGIN_MS + 900_000,
  movedAtMs: LOGIN_MS + 600_000,
  movedServerMs: LOGIN_MS + 599_990,
  iat: 1_795_300_600,
  exp: 1_795_300_900,
  remember: false,
  client: 'c'.repeat(16),
  address: '203.0.113.77',
  clientId: 'portcullis-web',
  binding: '',
  device: 'Firefox on Windows',
  ...changes,
});
