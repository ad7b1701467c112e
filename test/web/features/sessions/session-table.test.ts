import { expect, test } from 'vitest';
import type { OwnSession } from '../../../../src/web/api/auth.ts';
import { countOthers, otherSessions } from '../../../../src/web/features/sessions/end-session-dialog.tsx';
import { inStableOrder } from '../../../../src/web/features/sessions/session-table.tsx';

const session = (session_id: string, current = false, day = '01'): OwnSession => ({
  session_id,
  current,
  client_id: 'portcullis-web',
  device: 'Firefox on Linux',
  address: '127.0.0.1',
  created_at: `2026-01-${day}T00:00:00.000Z`,
  refreshed_at: '2026-01-09T00:00:00.000Z',
  last_seen_at: '2026-01-01T00:00:00.000Z',
  ends_at: '2026-01-01T12:00:00.000Z',
});
const sessions = [session('a'), session('b', false, '02'), session('here', true), session('c')];

test('the current session comes first, then the newest, regardless of the last use', () => {
  expect(inStableOrder(sessions).map(({ session_id }) => session_id)).toEqual(['here', 'b', 'a', 'c']);
});

test('the other sessions are counted, in words', () => {
  expect(countOthers(sessions)).toBe(3);
  expect(countOthers([session('here', true)])).toBe(0);
  expect([otherSessions(1), otherSessions(3)]).toEqual(['1 other session', '3 other sessions']);
});
