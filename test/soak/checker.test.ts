import { test as base, describe, expect } from 'vitest';
import { blocking, ending, endingAll, History, unblocking } from './history.ts';

const test = base.extend('history', () => {
  const history = new History();
  history.logIn('bob', 's1');
  return history;
});

const ACCEPTED = 'accepted-after-revocation';
const DENIED = 'denied-without-revocation';

describe('a use that is called after a revocation has returned', () => {
  test.for([
    ['logout', ending('s1')],
    ['end-all', endingAll('bob')],
    ['block', blocking('bob')],
  ] as const)('is found if it succeeds: %s', ([name, what], { history }) => {
    history.do(name, what, 'ok');
    history.read('s1', 'ok');
    expect(history.found).toEqual([`${ACCEPTED}: ${name} → read`]);
  });

  test('is found if it is a refresh', ({ history }) => {
    history.do('logout', ending('s1'), 'ok');
    const what = { authority: { session: 's1' }, effects: [{ kind: 'refresh', session: 's1' }] as const };
    history.do('refresh', what, 'ok');
    expect(history.found).toEqual([`${ACCEPTED}: logout → refresh`]);
  });

  test('is found if the key of its token was retired', ({ history }) => {
    history.do('key-retire', { effects: [{ kind: 'retire', kid: 'k1' }] }, 'ok');
    history.read('s1', 'ok', { kid: 'k1' });
    history.read('s1', 'ok', { kid: 'k2' });
    expect(history.found).toEqual([`${ACCEPTED}: key-retire → read`]);
  });

  test('is found if a role was taken away, until it is given back', ({ history }) => {
    const role = (on: boolean) => ({ effects: [{ kind: 'switch', name: 'role of bob', on }] as const });
    const switches = ['role of bob'];
    history.do('demote', role(false), 'ok');
    history.read('s1', 'ok', { switches });
    history.do('promote', role(true), 'ok');
    history.read('s1', 'ok', { switches });
    expect(history.found).toEqual([`${ACCEPTED}: demote → read`]);
  });

  test('is found if it is a login of a blocked user', ({ history }) => {
    history.do('block', blocking('bob'), 'ok');
    history.logIn('bob', 's2');
    expect(history.found).toEqual([`${ACCEPTED}: block → login`]);
  });

  test('is accepted if it was rejected', ({ history }) => {
    history.do('logout', ending('s1'), 'ok');
    history.read('s1', 'denied');
    history.read('s1', 'unknown');
    expect(history.found).toEqual([]);
  });

  test('is found if only its last part was sent after the revocation', ({ history }) => {
    const upload = history.call('upload', { authority: { session: 's1' } });
    history.do('logout', ending('s1'), 'ok');
    history.wait(1);
    history.checker.sent(upload, history.nowMs);
    history.return(upload, 'ok');
    expect(history.found).toEqual([`${ACCEPTED}: logout → upload`]);
  });

  test('is found if it is a part of a stream, after its grace', ({ history }) => {
    const stream = history.call('stream', { authority: { session: 's1' } });
    history.return(stream, 'ok');
    history.do('logout', ending('s1'), 'ok');
    history.wait(50);
    history.checker.received(stream, history.nowMs, 100);
    expect(history.found).toEqual([]);
    history.wait(60);
    history.checker.received(stream, history.nowMs, 100);
    expect(history.found).toEqual([`${ACCEPTED}: logout → stream (a part)`]);
  });
});

describe('a use that is called before a revocation has returned', () => {
  test('may succeed or be denied', ({ history }) => {
    const one = history.call('read', { authority: { session: 's1' } });
    const logout = history.call('logout', ending('s1'));
    const other = history.call('read', { authority: { session: 's1' } });
    history.return(other, 'denied');
    history.return(logout, 'ok');
    history.return(one, 'ok');
    expect(history.found).toEqual([]);
  });

  test('may succeed or be denied after a revocation with an unknown outcome', ({ history }) => {
    history.do('logout', ending('s1'), 'unknown');
    history.read('s1', 'ok');
    history.read('s1', 'denied');
    expect(history.found).toEqual([]);
  });
});

describe('a use that returns before any revocation was called', () => {
  test('is found if it was denied', ({ history }) => {
    history.read('s1', 'denied');
    expect(history.found).toEqual([`${DENIED}: nothing → read`]);
  });

  test('is found if another session or another user was ended', ({ history }) => {
    history.logIn('bob', 's2');
    history.logIn('alice', 's3');
    history.do('logout', ending('s2'), 'ok');
    history.do('end-all', endingAll('alice'), 'ok');
    history.do('end-others', endingAll('bob', 's1'), 'ok');
    history.read('s1', 'denied');
    expect(history.found).toEqual([`${DENIED}: nothing → read`]);
  });

  test('is found if it is a login that was denied', ({ history }) => {
    history.do('login', { authority: { switches: ['active bob'] } }, 'denied');
    expect(history.found).toEqual([`${DENIED}: nothing → login`]);
  });

  test('is found if the user was unblocked before', ({ history }) => {
    history.do('block', blocking('bob'), 'ok');
    history.do('unblock', unblocking('bob'), 'ok');
    history.logIn('bob', 's2');
    history.read('s2', 'denied');
    expect(history.found).toEqual([`${DENIED}: nothing → read`]);
  });

  test('may fail for another reason than a denial', ({ history }) => {
    history.read('s1', 'unknown');
    history.read('s1', 'refused');
    expect(history.found).toEqual([]);
  });

  test('may be denied when its token is about to expire', ({ history }) => {
    history.read('s1', 'denied', { expiresAtMs: history.nowMs + 1000 });
    expect(history.found).toEqual([]);
  });
});

describe('what may have happened', () => {
  test('a login that crosses a revocation of all sessions may have been hit', ({ history }) => {
    const login = history.call('login', { effects: [{ kind: 'start', user: 'bob' }] });
    history.do('end-all', endingAll('bob'), 'ok');
    history.return(login, 'ok', 's2');
    history.read('s2', 'ok');
    history.read('s2', 'denied');
    expect(history.found).toEqual([]);
  });

  test('a login that crosses a revocation of all sessions may be denied', ({ history }) => {
    const login = history.call('login', { authority: {}, effects: [{ kind: 'start', user: 'bob' }] });
    history.do('end-all', endingAll('bob'), 'ok');
    history.return(login, 'denied');
    expect(history.found).toEqual([]);
  });

  test('a revocation with an unknown outcome may hit a login that is called later', ({ history }) => {
    history.do('end-all', endingAll('bob'), 'unknown');
    history.logIn('bob', 's2');
    history.read('s2', 'denied');
    expect(history.found).toEqual([]);
  });

  test('a revocation that was refused hits no login', ({ history }) => {
    history.do('end-all', endingAll('bob'), 'refused');
    history.logIn('bob', 's2');
    history.read('s2', 'denied');
    expect(history.found).toEqual([`${DENIED}: nothing → read`]);
  });

  test('a block with an unknown outcome says nothing of logins', ({ history }) => {
    history.do('block', blocking('bob'), 'unknown');
    history.do('login', { authority: { switches: ['active bob'] } }, 'denied');
    history.logIn('bob', 's2');
    expect(history.found).toEqual([]);
  });

  test('a refresh after one with an unknown outcome may end the session', ({ history }) => {
    const what = { authority: { session: 's1' }, effects: [{ kind: 'refresh', session: 's1' }] as const };
    history.do('refresh', what, 'unknown');
    history.do('refresh', what, 'denied');
    expect(history.found).toEqual([]);
  });

  test('sessions since a stated loss may be gone, older ones may not', ({ history }) => {
    const sinceMs = history.nowMs;
    history.logIn('bob', 's2');
    history.checker.mayHaveLost(sinceMs + 1);
    history.read('s2', 'denied');
    expect(history.found).toEqual([]);
    history.read('s1', 'denied');
    expect(history.found).toEqual([`${DENIED}: nothing → read`]);
  });

  test('nothing is said about a session that was forgotten, and its memory is free', ({ history }) => {
    history.checker.forget('s1');
    history.read('s1', 'denied');
    expect(history.found).toEqual([]);
    expect(history.checker.remembered).toBe(0);
  });
});
