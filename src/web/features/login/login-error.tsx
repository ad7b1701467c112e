import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { requestOnce } from '../../api/request.ts';
import type { FormError } from '../../hooks/form.ts';
import { useLoad } from '../../hooks/load.ts';
import { formatSeconds } from '../../ui/format.ts';
import { Notice } from '../../ui/notice.tsx';

/** Why a login failed. After too many attempts, it counts down the time until the next one. */
export function LoginError({ error }: { error: FormError }): JSX.Element {
  const { apiError, message } = error;
  const secondsLeft = useCountdown(apiError?.status === 429 ? (apiError.retryAfterSeconds ?? 0) : 0);
  if (apiError?.code === 'login_throttled') {
    const when = secondsLeft > 0 ? `Try again in ${formatSeconds(secondsLeft)}.` : 'You can try again now.';
    return (
      <Notice kind="error">
        {message} <span aria-live="off">{when}</span>
      </Notice>
    );
  }
  if (apiError?.code === 'origin_refused') return <WrongOrigin />;
  if (apiError?.isOutage)
    return <Notice kind="error">Login is not available at the moment. {message}</Notice>;
  return <Notice kind="error">{message}</Notice>;
}

/** Returns the remaining seconds, updated each second. */
function useCountdown(seconds: number): number {
  const [endMs] = useState(() => Date.now() + seconds * 1000);
  const [secondsLeft, setSecondsLeft] = useState(seconds);
  useEffect(() => {
    const update = (): void => setSecondsLeft(Math.max(0, Math.ceil((endMs - Date.now()) / 1000)));
    const timer = setInterval(update, 1000);
    return () => clearInterval(timer);
  }, []);
  return secondsLeft;
}

/** Cookies are accepted only from the gateway's own origin (RFC 8414, `issuer`). */
function WrongOrigin(): JSX.Element {
  const metadata = useLoad(
    () => requestOnce<{ issuer: string }>('/.well-known/oauth-authorization-server'),
    [],
  );
  const issuer = metadata.value?.issuer;
  return (
    <Notice kind="error">
      You can't log in at {location.origin}.{' '}
      {issuer && (
        <>
          This site must be opened at <a href={issuer}>{issuer}</a>.
        </>
      )}
    </Notice>
  );
}
