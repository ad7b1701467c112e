/** What the server says of the session, and when it can't be heard. */
export interface EventHandlers {
  /** The server is heard. */
  onOpen(): void;
  /** The session has ended; `reason` as the server calls it. */
  onEnded(reason: string): void;
  /** The access token is at its end or the role has changed: renew and ask again. */
  onRenew(reason: string): void;
  /** The stream was refused. Whoever finds out that the session is alive may call `listen` again. */
  onRefused(): void;
}

/**
 * Listens to the events of the session. A connection that breaks is made again by the browser; an answer that is
 * a refusal is not.
 */
export function listen({ onOpen, onEnded, onRenew, onRefused }: EventHandlers): () => void {
  const source = new EventSource('/auth/session/events');
  const reasonOf = ({ data }: MessageEvent<string>): string =>
    (JSON.parse(data) as { reason: string }).reason;
  source.addEventListener('open', onOpen);
  source.addEventListener('ended', (event) => {
    source.close();
    onEnded(reasonOf(event));
  });
  source.addEventListener('renew', (event) => {
    source.close();
    onRenew(reasonOf(event));
  });
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) onRefused();
  });
  return () => source.close();
}
