import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { send } from '../api/request.ts';
import { useAnswer } from '../shell/answer.ts';
import { Notice } from '../shell/notice.tsx';

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
