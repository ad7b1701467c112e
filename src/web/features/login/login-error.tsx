import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { send } from '../../api/request.ts';
import type { FormFault } from '../../hooks/form.ts';
import { useAnswer } from '../../hooks/load.ts';
import { formatSeconds } from '../../ui/format.ts';
import { Notice } from '../../ui/notice.tsx';

/** Why a log-in failed; when it is for too many tries, with the time that is left, counted down. */
export function LogInFault({ fault }: { fault: FormFault }): JSX.Element {
  const { problem, title } = fault;
  const left = useCountdown(problem?.status === 429 ? (problem.retryAfterSeconds ?? 0) : 0);
  if (problem?.code === 'login_throttled') {
    const when = left > 0 ? `Try again in ${formatSeconds(left)}.` : 'You can try again now.';
    return (
      <Notice kind="error">
        {title} <span aria-live="off">{when}</span>
      </Notice>
    );
  }
  if (problem?.code === 'origin_refused') return <WrongAddress />;
  if (problem?.isOutage) return <Notice kind="error">Logging in does not work at the moment: {title}</Notice>;
  return <Notice kind="error">{title}</Notice>;
}

/** The seconds that are left of so many. */
function useCountdown(seconds: number): number {
  const [endMs] = useState(() => Date.now() + seconds * 1000);
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const timer = setInterval(() => setLeft(Math.max(0, Math.ceil((endMs - Date.now()) / 1000))), 1000);
    return () => clearInterval(timer);
  }, []);
  return left;
}

/** Cookies are for the one address that the gateway knows as its own (RFC 8414, `issuer`): where that is. */
export function WrongAddress(): JSX.Element {
  const metadata = useAnswer(() => send<{ issuer: string }>('/.well-known/oauth-authorization-server'), []);
  const issuer = metadata.value?.issuer;
  return (
    <Notice kind="error">
      Nobody can log in at {location.origin}, because that is not the address that this bank is known by.
      {issuer && (
        <>
          {' '}
          Go to <a href={issuer}>{issuer}</a>.
        </>
      )}
    </Notice>
  );
}
