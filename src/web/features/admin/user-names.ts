import { useEffect, useState } from 'preact/hooks';
import { type AuditRecord, findUser } from '../../api/admin.ts';
import { ApiError } from '../../api/api-error.ts';
import { createStore, type Store, useStore } from '../../hooks/store.ts';
import { userIdsIn } from './audit-labels.ts';

const CONCURRENT_MAX = 4;

/** Usernames by user id, as far as they are known. */
export type UserNames = ReadonlyMap<string, string>;

interface UserNameLookup {
  names: Store<UserNames>;
  /** Looks up ids that are new. A failed lookup is repeated the next time. */
  request(ids: readonly string[]): void;
  /** Adds a name that is known from elsewhere. */
  add(id: string, name: string): void;
}

/** Looks up usernames, each once. `find` resolves to undefined for an id that is not a user's. */
export function createUserNameLookup(find: (id: string) => Promise<string | undefined>): UserNameLookup {
  const names = createStore<UserNames>(new Map());
  const requested = new Set<string>();
  const queue: string[] = [];
  let active = 0;

  const add = (id: string, name: string): void => {
    requested.add(id);
    names.set(new Map(names.get()).set(id, name));
  };

  async function lookUp(id: string): Promise<void> {
    try {
      const name = await find(id);
      if (name !== undefined) add(id, name);
    } catch {
      requested.delete(id);
    }
  }

  function startNext(): void {
    while (active < CONCURRENT_MAX) {
      const id = queue.shift();
      if (id === undefined) return;
      active += 1;
      void lookUp(id).then(() => {
        active -= 1;
        startNext();
      });
    }
  }

  return {
    names,
    add,
    request: (ids) => {
      const fresh = ids.filter((id) => !requested.has(id));
      for (const id of fresh) requested.add(id);
      queue.push(...fresh);
      startNext();
    },
  };
}

/** The names of the users in these records, and of `userId`. They are kept as long as the page. */
export function useUserNames(
  records: readonly AuditRecord[] | undefined,
  userId?: string,
): { names: UserNames; add: UserNameLookup['add'] } {
  const [lookup] = useState(() => createUserNameLookup(fetchUsername));
  const names = useStore(lookup.names);
  useEffect(() => {
    lookup.request([...(userId === undefined ? [] : [userId]), ...userIdsIn(records ?? [])]);
  }, [records, userId]);
  return { names, add: lookup.add };
}

async function fetchUsername(id: string): Promise<string | undefined> {
  try {
    return (await findUser(id, true)).username;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
