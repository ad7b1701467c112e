import type { ComponentChildren, JSX } from 'preact';
import { formatAgo, formatDateTime } from '../../ui/format.ts';
import { inOrder, type ShownSession } from './live-sessions.ts';

export interface SessionTableProps<Session extends ShownSession> {
  caption: string;
  sessions: readonly Session[];
  /** What can be done to one, if anything. */
  action?: ((session: Session) => ComponentChildren) | undefined;
}

/** Where somebody is logged in. */
export function SessionTable<Session extends ShownSession>({
  caption,
  sessions,
  action,
}: SessionTableProps<Session>): JSX.Element {
  return (
    <table class="cards sessions">
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Device</th>
          <th scope="col">Address</th>
          <th scope="col">Since</th>
          <th scope="col">Last seen</th>
          <th scope="col">Ends at the latest</th>
          {action && (
            <th scope="col">
              <span class="unseen">What can be done</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {inOrder(sessions).map((session) => (
          <SessionRow key={session.session_id} session={session} action={action?.(session)} />
        ))}
      </tbody>
    </table>
  );
}

function SessionRow({ session, action }: { session: ShownSession; action: ComponentChildren }): JSX.Element {
  const { device, address, created_at, last_seen_at, ends_at, current } = session;
  return (
    <tr>
      <th scope="row">
        {device} {current && <span class="badge good">this device</span>}
      </th>
      <td data-label="Address" class="numbers">
        {address}
      </td>
      <td data-label="Since">{formatDateTime(created_at)}</td>
      <td data-label="Last seen">{current ? 'now' : formatAgo(last_seen_at, Date.now())}</td>
      <td data-label="Ends at the latest">{formatDateTime(ends_at)}</td>
      {action && <td class="act">{action}</td>}
    </tr>
  );
}
