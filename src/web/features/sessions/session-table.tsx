import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { SessionSummary } from '../../../sessions/list.ts';
import { type Loaded, useLoad } from '../../hooks/load.ts';
import { whileVisible } from '../../hooks/timing.ts';
import { formatAgo, formatDateTime } from '../../ui/format.ts';
import { TableHead } from '../../ui/table-head.tsx';

/** A session in a list of the user's own sessions or of another user's; `current` only in the former. */
type ListedSession = SessionSummary & { current?: boolean };

/**
 * The current session first, then the newest. Not the last used first, as in the response: rows of a list that reloads
 * must not move below the pointer.
 */
export const inStableOrder = <Session extends ListedSession>(sessions: readonly Session[]): Session[] =>
  sessions.toSorted(
    (a, b) =>
      Number(b.current ?? false) - Number(a.current ?? false) || b.created_at.localeCompare(a.created_at),
  );

interface SessionTableProps<Session extends ListedSession> {
  caption: string;
  sessions: readonly Session[];
  /** The button of a row. */
  action?: ((session: Session) => ComponentChildren) | undefined;
}

export function SessionTable<Session extends ListedSession>({
  caption,
  sessions,
  action,
}: SessionTableProps<Session>): JSX.Element {
  return (
    <table class="cards sessions">
      <TableHead
        caption={caption}
        columns={['Device', 'Address', 'Since', 'Renewed', 'Last seen', 'Expires']}
      >
        {action && (
          <th scope="col">
            <span class="unseen">Actions</span>
          </th>
        )}
      </TableHead>
      <tbody>
        {inStableOrder(sessions).map((session) => (
          <SessionRow key={session.session_id} session={session} action={action?.(session)} />
        ))}
      </tbody>
    </table>
  );
}

function SessionRow({ session, action }: { session: ListedSession; action: ComponentChildren }): JSX.Element {
  const { device, address, created_at, refreshed_at, last_seen_at, ends_at, current } = session;
  return (
    <tr>
      <th scope="row">
        {device} {current && <span class="badge good">this device</span>}
      </th>
      <td data-label="Address" class="numbers">
        {address}
      </td>
      <td data-label="Since">{formatDateTime(created_at)}</td>
      <td data-label="Renewed">{formatAgo(refreshed_at, Date.now())}</td>
      <td data-label="Last seen">{current ? 'now' : formatAgo(last_seen_at, Date.now())}</td>
      <td data-label="Expires">{formatDateTime(ends_at)}</td>
      {action && <td class="row-action">{action}</td>}
    </tr>
  );
}

const RELOAD_INTERVAL_MS = 10_000;

/**
 * Loads sessions when the component appears or `deps` change, and regularly while the page is visible. Only the first
 * request counts as activity, so that an open list does not keep the session from idling.
 */
export function useLiveSessions<Session>(
  load: (isBackground: boolean) => Promise<{ sessions: Session[] }>,
  deps: readonly unknown[],
): Loaded<Session[]> {
  const isFirst = useRef(true);
  const loaded = useLoad(async () => {
    const isBackground = !isFirst.current;
    isFirst.current = false;
    return (await load(isBackground)).sessions;
  }, deps);
  useEffect(() => whileVisible(() => void loaded.reload(), RELOAD_INTERVAL_MS), [loaded.reload]);
  return loaded;
}
