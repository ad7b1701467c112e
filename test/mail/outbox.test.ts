import { expect, test } from 'vitest';
import type { Logger } from '../../src/log.ts';
import type { Mail, Mailer } from '../../src/mail/mailer.ts';
import { Outbox } from '../../src/mail/outbox.ts';
import { until } from '../support/until.ts';

const mail = (subject: string): Mail => ({ to: 'bob@mail.example', subject, text: 'a secret' });

/** A mailer that holds its emails back until `release`, and an outbox for at most two waiting ones. */
function outboxUnderTest(send?: Mailer['send']) {
  const { promise, resolve: release } = Promise.withResolvers<void>();
  const sent: string[] = [];
  const lines: unknown[] = [];
  const mailer: Mailer = {
    send: send ?? (({ subject }) => promise.then(() => void sent.push(subject))),
    close: () => {},
  };
  const log = { error: (line: unknown) => lines.push(line) } as unknown as Logger;
  return { outbox: new Outbox({ mailer, log, queueMax: 2 }), sent, lines, release };
}

test('emails beyond the queue are dropped and logged without their content', async () => {
  const { outbox, sent, lines, release } = outboxUnderTest();
  for (let i = 0; i < 7; i += 1) outbox.post(mail(`mail ${i}`));
  expect(lines).toEqual(['mail 5', 'mail 6'].map((subject) => ({ event: 'mail_dropped', subject })));
  release();
  await until(() => sent.length === 5);
});

test('an email that cannot be sent does not keep the next one', async () => {
  const sent: string[] = [];
  const { outbox, lines } = outboxUnderTest(async ({ subject }) => {
    if (subject === 'bad') throw new Error('refused');
    sent.push(subject);
  });
  outbox.post(mail('bad'));
  outbox.post(mail('good'));
  await until(() => sent.length === 1);
  expect(lines).toEqual([{ event: 'mail_failed', subject: 'bad', err: expect.any(Error) }]);
});

test('emails are counted by what became of them', async () => {
  const { outbox } = outboxUnderTest(async ({ subject }) => {
    if (subject === 'bad') throw new Error('refused');
  });
  for (const subject of ['bad', 'good', 'good', 'good', 'good', 'dropped']) outbox.post(mail(subject));
  expect(outbox.waiting).toBe(2);
  await until(() => outbox.outcomes.sent === 4);
  expect(outbox.outcomes).toEqual({ sent: 4, failed: 1, dropped: 1 });
});

test('after it was closed nothing more is sent', async () => {
  const { outbox, sent, release } = outboxUnderTest();
  for (let i = 0; i < 5; i += 1) outbox.post(mail(`mail ${i}`));
  outbox.close();
  outbox.post(mail('late'));
  release();
  await until(() => sent.length === 3);
  expect(sent).toEqual(['mail 0', 'mail 1', 'mail 2']);
});
