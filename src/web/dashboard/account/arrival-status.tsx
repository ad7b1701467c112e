import { useState } from 'hono/jsx/dom';
import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import type { Transaction } from '../../api/bank.ts';
import { useEffect } from '../../shell/effect.ts';
import { atMostEvery } from './at-most-every.ts';
import type { LiveAccount } from './live-account.ts';
import { arrivalsText } from './wording.ts';

const SPEAK_MS = 8000;

/** Tells those who can't see the list grow, when there is time, and not each and every time. */
export function ArrivalStatus({ live }: { live: LiveAccount }): JSX.Element {
  const [text, setText] = useState('');
  useEffect(() => {
    let unspoken: Transaction[] = [];
    const speech = atMostEvery(SPEAK_MS, () => {
      setText(arrivalsText(unspoken));
      unspoken = [];
    });
    const stopListening = live.listen({
      onArrival(arrived) {
        unspoken.push(...arrived);
        speech.ask();
      },
    });
    return () => {
      stopListening();
      speech.stop();
    };
  }, []);
  return (
    <p class="unseen" role="status">
      {text}
    </p>
  );
}
